#!/usr/bin/env python3
"""Compares custometer with hand-written DuckDB scripts: the time both take, and the numbers both give. See README.md."""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# How far numbers may be apart, relative to themselves. custometer sums exactly, DuckDB does not.
TOLERANCE = 1e-9


@dataclass
class Report:
    """A report of the benchmark: its table with the file's format, and the columns that it needs."""

    table: str
    format: str
    columns: list[str]
    # How many people there are for a million rows; as many as the sample makes unless said.
    people: int | None = None
    # What the script does not compute.
    only_here: frozenset[str] = frozenset()
    # A second table, that the first one looks something up in: a row for each of the people.
    looked_up: str | None = None
    # What it is compared with beside the script: the report of this name and `_without`.
    without: str | None = None
    # Whether the script computes the first days of months alone.
    some_days: bool = False
    # A file that is not made: beside the checkout, where it is there.
    file: Path | None = None


REPORTS = {
    "responses": Report("responses", "csv", ["response_id", "time", "customer_id", "region", "product", "channel", "score", "satisfaction"]),
    "orders": Report("orders", "parquet", ["order_id", "time", "customer_id", "region", "channel", "amount", "margin_rate"]),
    "tickets": Report("tickets", "parquet", [
        "ticket_id", "created_at", "first_replied_at", "solved_at", "channel", "kind", "priority", "region", "customer_id",
        "agent_replies", "reopens",
    ]),
    "events": Report("events", "parquet", ["time", "user_id", "session_id", "event", "page", "channel", "device", "country"]),
    "sessions": Report("events", "parquet", ["time", "user_id", "event", "channel", "device", "country"], people=40_000),
    "web_log": Report(
        "requests", "csv", ["client", "time", "method", "path", "status", "user_agent"],
        file=ROOT.parent / "shared/data/web_log/access.csv",
    ),
    "loyalty": Report(
        "orders", "parquet", ["time", "customer_id", "region", "amount", "margin_rate"],
        people=50_000, only_here=frozenset({"predicted_value"}),
    ),
    "support": Report(
        "tickets", "parquet", ["created_at", "first_replied_at", "channel", "priority"],
        only_here=frozenset({"business_median", "business_p90"}),
    ),
    "lookup": Report("orders", "parquet", ["time", "customer_id", "region", "channel", "amount"], people=100_000, looked_up="customers", without="a lookup"),
    "windows": Report(
        "tickets", "parquet", ["created_at", "first_replied_at", "agent_replies", "customer_id"], without="windows", some_days=True,
    ),
    "web_users": Report("events", "parquet", ["time", "user_id", "session_id", "event", "page", "device"], people=40_000),
}


@dataclass
class Cost:
    """What a process took."""

    wall: float
    cpu: float
    memory: float

    @staticmethod
    def median(costs: list["Cost"]) -> "Cost":
        of = lambda name: statistics.median(getattr(cost, name) for cost in costs)
        return Cost(of("wall"), of("cpu"), of("memory"))


class Failure(Exception):
    """Something that ends the benchmark."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares custometer with hand-written DuckDB scripts.")
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of each table (default: %(default)s)")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/custometer", help="the program (default: the release build)")
    parser.add_argument("--report", nargs="+", choices=REPORTS, default=list(REPORTS), help="which reports; all unless said")
    parser.add_argument("--data", type=Path, default=ROOT / "target/benchmark", help="a folder for the data (default: target/benchmark)")
    parser.add_argument("--repetitions", type=int, default=3, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="threads of each (default: %(default)s)")
    parser.add_argument("--memory", default="", help="how much memory each may take, such as 1GB; what they take by themselves unless said")
    args = parser.parse_args()
    if not args.binary.is_file():
        raise Failure(f"there is no `{args.binary}`: make it by `cargo build --release`, or name another by --binary")
    return 1 if any([compare(name, REPORTS[name], args) for name in args.report]) else 0


def compare(name: str, report: Report, args: argparse.Namespace) -> bool:
    """Measures a report and prints what came of it. Whether the numbers differ."""
    if report.file and not report.file.is_file():
        print(f"\n{name}: skipped, there is no {report.file}")
        return False
    file = sample(name, report, args)
    other = sample(name, report, args, looked_up=True) if report.looked_up else None
    binary, python = args.binary.resolve(), sys.executable
    path = lambda table, file: ["--set", f"tables.{table}.path={json.dumps(str(file))}"]
    memory = ["--memory", args.memory] if args.memory else []
    run = lambda name: [binary, "run", HERE / f"{name}.toml", *path(report.table, file), "--format", "json", "--quiet", *memory]
    commands = {
        "custometer": [*run(name), *(path(report.looked_up, other) if other else [])],
        "DuckDB": [python, HERE / "by_duckdb.py", HERE / f"{name}.sql", file, str(args.threads), args.memory, *([other] if other else [])],
        "decoding": [python, HERE / "decode.py", file, *report.columns],
    }
    if report.without:
        commands[f"without {report.without}"] = run(f"{name}_without")
    if other:
        warm(other)
    outputs: dict[str, dict] = {}
    costs: dict[str, list[Cost]] = {who: [] for who in commands}
    warm(file)
    for _ in range(args.repetitions):
        for who, command in commands.items():
            cost, outputs[who] = measure(command, args.threads)
            costs[who].append(cost)
    ours = [cell for cell in outputs["custometer"]["results"] if cell["request"] not in report.only_here]
    if report.some_days:
        ours = [cell for cell in ours if cell["start"][8:10] == "01"]
    cells, wrong = differences(ours, outputs["DuckDB"]["results"])

    medians = {who: Cost.median(of) for who, of in costs.items()}
    print(f"\n{name}: {'' if report.file else f'{args.rows:,} rows, '}{file.stat().st_size / 1e6:,.0f} MB of {report.format}{f', in {args.memory}' if args.memory else ''}")
    print(f"{'':30}{'wall':>10}{'CPU':>10}{'memory':>12}")
    for who, cost in medians.items():
        print(f"{who:30}{cost.wall:8.2f} s{cost.cpu:8.2f} s{cost.memory / 1e6:9,.0f} MB")
    for other in [who for who in commands if who != "custometer"]:
        cost, base = medians["custometer"], medians[other]
        print(f"{'custometer / ' + other:30}{cost.wall / base.wall:10.2f}{cost.cpu / base.cpu:10.2f}{cost.memory / base.memory:12.2f}")
    print(f"{cells} values compared: " + ("all agree" if not wrong else f"{len(wrong)} DIFFER"), flush=True)
    for line in wrong[:20]:
        print(f"  {line}", flush=True)
    return bool(wrong)


def sample(name: str, report: Report, args: argparse.Namespace, looked_up: bool = False) -> Path:
    """The report's file, or that of the table that is looked up, made unless it is there."""
    if report.file:
        return report.file
    folder = args.data.resolve() / str(args.rows) / (name if report.people else "")
    people = report.people and report.people * args.rows // 1_000_000
    table, rows = (report.looked_up, people) if looked_up else (report.table, args.rows)
    file = folder / f"{table}.{report.format}"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--table", table, "--rows", str(rows), "--format", report.format, "--out", str(folder)]
        if people:
            options += ["--people", str(people)]
        if subprocess.run([args.binary.resolve(), "sample", *options]).returncode != 0:
            raise Failure(f"`{file}` could not be made")
    return file


def warm(file: Path) -> None:
    """Reads a file, so that nobody pays for being first."""
    with file.open("rb", buffering=0) as opened:
        while opened.read(1 << 24):
            pass


def measure(command: list, threads: int) -> tuple[Cost, dict]:
    """Runs a command in a process of its own: what it took, and what it printed."""
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    with tempfile.TemporaryFile() as output:
        start = time.time()
        process = subprocess.Popen([str(part) for part in command], stdout=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        end = time.time()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failure(f"exit code {process.returncode} of: {' '.join(map(str, command))}")
        output.seek(0)
        printed = json.load(output)
    # A script of Python says when it was ready to begin.
    started = printed.get("started", {"time": start, "cpu": 0.0})
    # Linux counts kilobytes, macOS bytes.
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Cost(end - started["time"], usage.ru_utime + usage.ru_stime - started["cpu"], memory), printed


def differences(ours: list[dict], theirs: list[dict]) -> tuple[int, list[str]]:
    """How many cells were compared, and what is wrong with them."""
    wrong: list[str] = []
    monthly = {cell["request"] for cell in theirs if cell["month"] is not None}
    found = by_key(ours, lambda cell: cell["start"][:10] if cell["request"] in monthly else None, wrong)
    expected = by_key(theirs, lambda cell: cell["month"], wrong)
    if {key[0] for key in found} != {key[0] for key in expected}:
        wrong.append("the requests of the report are not those of the script")
    for key, (value, n) in found.items():
        # custometer shows groups without rows, too. There is nothing in them.
        if key not in expected and not value:
            continue
        other_value, other_n = expected.get(key, ("no row", "no row"))
        if not (same(value, other_value) and same(n, other_n)):
            wrong.append(f"{shown(key)}: value {value}, n {n}; DuckDB: value {other_value}, n {other_n}")
    wrong.extend(f"{shown(key)}: only DuckDB has it" for key in expected if key not in found)
    return len(found), wrong


def by_key(cells: list[dict], month, wrong: list[str]) -> dict[tuple, tuple]:
    """Value and n by request, month and dimensions."""
    keyed = {}
    for cell in cells:
        # The sample has a value in every dimension: one that is missing is one that the breakdown does not use.
        dimensions = tuple(sorted((name, str(value)) for name, value in cell["dimensions"].items() if value is not None))
        key = (cell["request"], month(cell), dimensions)
        if key in keyed:
            wrong.append(f"{shown(key)}: comes twice")
        keyed[key] = (cell["value"], cell["n"])
    return keyed


def same(a, b) -> bool:
    if a is None or b is None:
        return a is b
    return not isinstance(b, str) and math.isclose(a, b, rel_tol=TOLERANCE)


def shown(key: tuple) -> str:
    request, month, dimensions = key
    return " ".join([request, *([month] if month else []), *(f"{name}={value}" for name, value in dimensions)])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"error: {failure}")
