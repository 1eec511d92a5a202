"""Compares random reports with a second calculation in plain Python. `python3 oracle.py --help`"""

import argparse
import json
import math
import os
import random as randoms
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import laws
from calendars import local, micros
from cases import METRICS, as_csv, config, expected, fates, is_refused, random_case, random_report

ROOT = Path(__file__).resolve().parents[2]
# Cases share a run of the program, which costs more than most of them.
TOGETHER = 40


class Failed(Exception):
    pass


def run(program, folder, text, environment=None):
    """The JSON of a report whose files lie in a folder."""
    (folder / "report.toml").write_text(text)
    command = [str(program), "run", "report.toml", "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    if done.returncode not in (0, 4):
        raise Failed(done.stderr.strip() or f"exit code {done.returncode}")
    return json.loads(done.stdout)


def run_cases(program, cases, tables=None):
    """The result of each case: its rows, and what became of those of its file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests = []
        for number, case in enumerate(cases):
            (folder / f"t{number}.csv").write_text((tables or {}).get(number) or as_csv(case.header, case.rows))
            requests.append((f"t{number}", f'path = "t{number}.csv"', case))
        result = run(program, folder, config(cases[0].report, requests))
    uses = {table["table"]: table["uses"][0] for table in result["manifest"]["tables"]}
    rows = {}
    for row in result["results"]:
        rows.setdefault(row["request"], []).append(row)
    return [(rows.get(f"t{number}", []), uses[f"t{number}"]) for number in range(len(cases))]


def instant(text):
    return None if text is None else micros(datetime.fromisoformat(text.split("[")[0]))


def found(case, rows):
    values = {}
    for row in rows:
        span = (instant(row["start"]), instant(row["end"])) if case.report.is_timed else None
        dimensions = {name: None if value is None else str(value) for name, value in row["dimensions"].items()}
        group = tuple(dimensions.pop(name) for name in case.by)
        values[(span, group, tuple(dimensions.values()))] = row["value"]
    return values


def is_same(one, other):
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def difference(case, rows, uses):
    """What is not as expected, in words; None where all is."""
    values, counts = expected(case)
    theirs = found(case, rows)
    for key in sorted({*values, *theirs}, key=str):
        span, group, own = key
        where = f"{local(span[0], case.report.zone) if span else 'all'} {dict(zip(case.by, group))} {own or ''}"
        if key not in theirs:
            # A group that is only known from another time may have no row, where it would say nothing.
            if METRICS[case.metric].history and values[key] in (None, 0):
                continue
            return f"{where}: no row, and {values[key]} is expected"
        if key not in values and theirs[key] not in (None, 0):
            return f"{where}: {theirs[key]}, and no row is expected"
        if key in values and not is_same(values[key], theirs[key]):
            return f"{where}: {theirs[key]}, and {values[key]} is expected"
    names = {"used": "rows_used", "rejected": "rows_rejected", "outside": "rows_outside_period", "left out": "rows_without_answer"}
    theirs = {fate: uses[name] for fate, name in names.items()}
    if all(theirs != {fate: count[fate] for fate in names} for count in counts):
        return f"what becomes of rows: {theirs}, and {dict(counts[0])} is expected"
    return None


def fails(program, case, damage=None):
    """What is wrong with a case by itself."""
    if is_refused(case):
        return None
    table = {0: damage(case)} if damage else None
    try:
        return difference(case, *run_cases(program, [case], table)[0])
    except Failed as failure:
        return f"the report fails: {failure}"


def shrunk(program, case, what, damage=None):
    """The smallest case that is still wrong, by leaving out rows, then parts of the report."""
    step = max(len(case.rows) // 2, 1)
    while step:
        at = 0
        while at < len(case.rows):
            smaller = replace(case, rows=case.rows[:at] + case.rows[at + step :])
            wrong = fails(program, smaller, damage)
            if wrong:
                case, what = smaller, wrong
            else:
                at += step
        step //= 2
    simpler = [replace(case, by=())] + [replace(case, grain="total")]
    simpler += [replace(case, params=tuple(one for one in case.params if one != param)) for param in case.params]
    for smaller in simpler:
        wrong = fails(program, smaller, damage)
        if wrong and not wrong.startswith("the report fails"):
            case, what = smaller, wrong
    return case, what


def told(case, what):
    return f"{case.metric}: {what}\n{config(case.report, [('t', 'path = ' + json.dumps('t.csv'), case)])}\n{as_csv(case.header, case.rows)}"


def compare(program, seed, metrics, count, damage=None):
    """Cases of one seed, in one run; the wrong ones with what is wrong."""
    random = randoms.Random(seed)
    report = random_report(random)
    cases = [random_case(random, report, random.choice(metrics)) for _ in range(count)]
    tables = {number: damage(case) for number, case in enumerate(cases)} if damage else None
    try:
        results = run_cases(program, cases, tables)
    except Failed as failure:
        return [(case, what) for case in cases if (what := fails(program, case, damage))] or [(cases[0], f"together: {failure}")]
    return [(case, what) for case, result in zip(cases, results) if (what := difference(case, *result))]


# Faults on purpose: what the program is given is not what the second calculation sees.


def lost_row(case):
    used = [number for number, (_, fate, is_outside) in enumerate(fates(case)) if fate == "used" and not is_outside]
    rows = [row for number, row in enumerate(case.rows) if not used or number != used[len(used) // 2]]
    return as_csv(case.header, rows)


def off_by_one_bucket(case):
    """What is at the edge of a bucket goes into the one before."""
    time = case.header.index(METRICS[case.metric].time)
    rows = [tuple(before_midnight(cell) if number == time else cell for number, cell in enumerate(row)) for row in case.rows]
    return as_csv(case.header, rows)


def before_midnight(text):
    is_midnight = len(text) == 10 or (text[11:19] == "00:00:00" and len(text) == 19)
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{day - timedelta(days=1)}T23:59:59" if is_midnight else text


def wrong_filter(case):
    """Rows count as one kind that are of another: the first text, flag or number that rows differ in is the same in all."""
    columns = [column.name for column in METRICS[case.metric].columns(case.given) if column.kind != "time"]
    rows = [list(row) for row in case.rows]
    for name in columns:
        at = case.header.index(name)
        used = [row[at] for row, (_, fate, _) in zip(case.rows, fates(case)) if fate == "used"]
        if len(set(used)) > 1:
            for row, (_, fate, _) in zip(rows, fates(case)):
                if fate == "used":
                    row[at] = used[0]
            break
    return as_csv(case.header, rows)


PLANTED = {"lost row": lost_row, "off-by-one bucket": off_by_one_bucket, "wrong filter": wrong_filter}


def plant(program, seed):
    """Plants each fault in each domain, and counts how often it is seen. True where each is."""
    every = True
    for domain in sorted({metric.domain for metric in METRICS.values()}):
        metrics = sorted(metric.id for metric in METRICS.values() if metric.domain == domain)
        for name, damage in PLANTED.items():
            wrong = compare(program, seed, metrics, TOGETHER, damage)
            print(f"{domain}, {name}: seen in {len(wrong)} of {TOGETHER} reports")
            if wrong:
                print(f"  such as {wrong[0][0].metric}: {wrong[0][1]}", flush=True)
            every &= bool(wrong)
    return every


def uncovered(program):
    """Parameters of the schema that the second calculation neither knows nor leaves out by name."""
    schema = json.loads(subprocess.run([str(program), "schema"], capture_output=True, text=True, check=True).stdout)
    missing = []
    for rule in schema["properties"]["metrics"]["items"]["allOf"]:
        id = rule["if"]["properties"]["metric"].get("const")
        if id in METRICS:
            metric = METRICS[id]
            known = {name for names in metric.params for name in (names if isinstance(names, tuple) else (names,))} | set(metric.left_out)
            properties = rule["then"]["properties"].get("params", {}).get("properties", {})
            missing += [f"{id}: the parameter `{name}` is new" for name in properties if name not in known]
    return missing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / "target/debug/custometer")
    parser.add_argument("--reports", type=int, default=2000, help="how many random reports")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; that of the day unless given")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so many seconds")
    parser.add_argument("--metric", action="append", help="only this metric")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--laws", type=int, default=10, help="how many runs of the metamorphic laws")
    parser.add_argument("--plant", action="store_true", help="plant faults, which must be seen")
    options = parser.parse_args()
    program = options.program.resolve()
    seed = int(time.strftime("%Y%m%d")) * 1000 if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    if options.plant:
        return 0 if plant(program, seed) else 1
    metrics = options.metric or sorted(METRICS)
    start, done, wrong = time.monotonic(), 0, []
    new = uncovered(program)
    print("\n".join(new), end="\n" if new else "")
    with ThreadPoolExecutor(options.threads) as pool:
        seeds = range(seed, seed + math.ceil(options.reports / TOGETHER))
        one = lambda seed: compare(program, seed, metrics, TOGETHER) if time.monotonic() - start < options.seconds else None
        for number, result in zip(seeds, pool.map(one, seeds)):
            if result is not None:
                done += TOGETHER
                wrong += [(number, *one) for one in result]
    print(f"{done} reports of {len(metrics)} metrics: {len(wrong)} differ ({time.monotonic() - start:.0f} s)")
    seen = set()
    for number, case, what in wrong:
        # One case of each metric is enough to read.
        if case.metric not in seen:
            seen.add(case.metric)
            print(f"\nseed {number}: {told(*shrunk(program, case, what))}")
    broken = laws.check(program, seed, options.laws) if options.laws else []
    for text in broken[:5]:
        print(f"\n{text}")
    print(f"{options.laws} runs of the metamorphic laws: {len(broken)} broken ({time.monotonic() - start:.0f} s)")
    return 1 if wrong or broken or new else 0


if __name__ == "__main__":
    sys.exit(main())
