"""What a report with hidden groups tells of them: all it shows as equations over counts, solved for each count that it hides."""

import argparse
import itertools
import json
import random as randoms
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from scipy.optimize import linprog

ROOT = Path(__file__).resolve().parents[2]
LEVELS = [[], ["region"], ["product"], ["region", "product"]]
# One request counts answers, the other tickets: a ticket may have no answer.
METRICS = {"support.csat_score": "", "support.ticket_volume": 'compare = ["previous"]'}


def a_case(random, folder):
    """A small table and a report over it, written to a folder: the rows, and the least size."""
    regions = [f"r{number}" for number in range(random.randint(2, 4))]
    products = [f"p{number}" for number in range(random.randint(2, 4))]
    months = random.randint(1, 3)
    rows = [
        (month, region, product, random.random() < 0.9)
        for month, region, product in itertools.product(range(months), regions, products)
        for _ in range(random.choice([0, 0, 1, 2, 3, 4, 6, 8, 12, 20, 30]))
    ] or [(0, "r0", "p0", True)] * 3
    random.shuffle(rows)
    cells = [
        f"t{number},2025-0{month + 1}-10,{region},{product},{random.randint(1, 5) if answered else ''}"
        for number, (month, region, product, answered) in enumerate(rows)
    ]
    (folder / "tickets.csv").write_text("\n".join(["ticket_id,created_at,region,product,score", *cells, ""]))
    first = random.randint(1, months)
    least = random.choice([3, 5, 8])
    report = [
        f"[report]\nfrom = 2025-0{first}-01\nuntil = 2025-0{months + 1}-01\nas_of = 2025-0{months + 1}-01\nmin_group_size = {least}",
        '[tables.tickets]\npath = "tickets.csv"',
    ]
    for number in range(random.randint(1, 3)):
        metric = random.choice(list(METRICS))
        by = [level for level in LEVELS if random.random() < 0.75] or [LEVELS[-1]]
        time = 'columns = { time = "created_at" }' if metric == "support.csat_score" else ""
        report.append(
            f'[[metrics]]\nname = "{number}"\nmetric = "{metric}"\ntable = "tickets"\n{time}\n{METRICS[metric]}\n'
            f'grain = "{random.choice(["month", "total"])}"\nby = {json.dumps(by)}'
        )
    (folder / "report.toml").write_text("\n".join([*report, ""]))
    return rows, least, first - 1


def results(program, folder):
    run = subprocess.run(
        [program, "run", folder / "report.toml", "--format", "json"], capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        sys.exit(f"a report fails:\n{(folder / 'report.toml').read_text()}\n{run.stderr}")
    return json.loads(run.stdout)


class Knowledge:
    """Equations over the counts of every month, region and product, for the answers or for the tickets."""

    def __init__(self, rows):
        values = [sorted({row[place] for row in rows}) for place in range(3)]
        self.cells = list(itertools.product(*values))
        self.equations, self.least, self.hidden = [], [], {}

    def sum_of(self, months, dimensions):
        region, product = dimensions.get("region"), dimensions.get("product")
        return numpy.array(
            [
                float(cell[0] in months and region in (None, cell[1]) and product in (None, cell[2]))
                for cell in self.cells
            ]
        )

    def bounds(self, of):
        """The least and the largest that a sum can be."""
        left, right = zip(*self.equations) if self.equations else (None, None)
        at_least = -numpy.array(self.least) if self.least else None
        ends = []
        for sign in (1, -1):
            solved = linprog(
                sign * of,
                A_eq=None if left is None else numpy.array(left),
                b_eq=right,
                A_ub=at_least,
                b_ub=None if at_least is None else -numpy.ones(len(at_least)),
                bounds=(0, None),
                method="highs",
            )
            ends.append(sign * solved.fun if solved.status == 0 else -sign * numpy.inf)
        return numpy.ceil(ends[0] - 1e-6), numpy.floor(ends[1] + 1e-6)


def months_of(row, all_months):
    return {int(row["start"][5:7]) - 1} if row["grain"] == "month" else all_months


def leaks(program, folder, rows, least, first):
    """The hidden groups that can have fewer than the least size many sizes, in words, and how many hidden ones there are."""
    result = results(program, folder)
    in_period = {row[0] for row in rows if row[0] >= first}
    known = {metric: Knowledge(rows) for metric in METRICS}
    listed = {}
    for row in result["results"]:
        knowledge = known[row["metric"]]
        months = months_of(row, in_period)
        whole = knowledge.sum_of(months, row["dimensions"])
        listed.setdefault((row["request"], row["metric"], tuple(row["dimensions"])), []).append((months, whole))
        if row["suppressed"]:
            knowledge.hidden[tuple(whole)] = row
            knowledge.least.append(whole)
            continue
        knowledge.equations.append((whole, row["n"] or 0))
        for change in row["comparisons"]:
            # The values of this metric are counts.
            if row["metric"] == "support.ticket_volume" and row["grain"] == "month" and change["value"] is not None:
                before = knowledge.sum_of({int(change["start"][5:7]) - 1}, row["dimensions"])
                knowledge.equations.append((before, change["value"]))
    for (_, metric, _), groups in listed.items():
        # What is not listed in a month is not there.
        knowledge = known[metric]
        months = set().union(*(months for months, _ in groups))
        missing = knowledge.sum_of(months, {}) - numpy.clip(numpy.sum([whole for _, whole in groups], axis=0), 0, 1)
        knowledge.equations += [(one, 0) for one in numpy.eye(len(missing))[missing > 0]]
    for used in result["manifest"]["tables"][0]["uses"]:
        for request in used["requests"]:
            metric = next(row["metric"] for row in result["results"] if row["request"] == request)
            everything = known[metric].sum_of(in_period, {})
            if used["rows_used"] is not None:
                known[metric].equations.append((everything, used["rows_used"]))
    found, hidden = [], 0
    for metric, knowledge in known.items():
        for of, row in knowledge.hidden.items():
            hidden += 1
            low, high = knowledge.bounds(numpy.array(of))
            if high - low + 1 < least:
                name = f"{row['request']} {row['grain']} {row['start'][:7]} {row['dimensions']}"
                found.append(f"{metric}, request {name}: from {low:.0f} to {high:.0f}")
    return found, hidden


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / "target/debug/custometer")
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    told, hidden = 0, 0
    for number in range(arguments.reports):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            rows, least, first = a_case(randoms.Random(f"{arguments.seed} {number}"), folder)
            found, of_report = leaks(arguments.program, folder, rows, least, first)
            hidden += of_report
            if found:
                told += 1
                print(f"report {number} of seed {arguments.seed}, least size {least}:", *found, sep="\n  ")
                print((folder / "report.toml").read_text())
    print(f"{arguments.reports} reports of seed {arguments.seed} hide {hidden} groups; {told} reports tell of some")
    sys.exit(told > 0)


if __name__ == "__main__":
    main()
