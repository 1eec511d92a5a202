"""Metamorphic laws: reports that must come to the same, whatever the right numbers are."""

import json
import random as randoms
import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb

from cases import as_csv, config, is_refused, random_case, random_report

# Of these a value is a share or a mean of its rows: twice the rows, the same value.
PROPORTIONS = {
    "loyalty.nps",
    "loyalty.nps_distribution",
    "loyalty.average_order_value",
    "loyalty.review_rating",
    "loyalty.redemption_rate",
    "loyalty.breakage_rate",
    "loyalty.referral_conversion",
    "support.csat",
    "support.csat_score",
    "support.ces",
    "support.ces_easy_share",
    "support.resolution_rate",
    "support.feedback_response_rate",
    "support.first_contact_resolution",
    "support.reopen_rate",
    "support.abandonment_rate",
    "support.service_level",
    "support.sentiment",
    "support.share_of_voice",
    "support.mention_topics",
    "web.click_through_rate",
    "web.average_position",
    "web.conversion_rate",
}
# What these say of a group looks at the other groups, too.
OF_THE_WHOLE = {"support.ticket_volume", "support.mention_volume"}


def check(program, seed, runs):
    """What is broken, in words."""
    from oracle import Failed

    broken = []
    for number in range(seed, seed + runs):
        random = randoms.Random(number)
        report = random_report(random)
        cases = [case for _ in range(12) if (case := random_case(random, report)).rows]
        try:
            broken += [f"seed {number}: {text}" for text in broken_of(program, random, report, cases)]
        except Failed as failure:
            broken.append(f"seed {number}: a report fails: {failure}")
    return broken


def broken_of(program, random, report, cases):
    plain = results(program, report, cases)
    shown = lambda rows: "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)

    def same(law, found, what=lambda row: row):
        for number, case in enumerate(cases):
            one, other = ([what(row) for row in rows.get(f"t{number}", [])] for rows in (plain, found))
            if one != other:
                first = next((pair for pair in zip(one, other) if pair[0] != pair[1]), (len(one), len(other)))
                yield f"{law}: {case.metric}: {first[0]} is {first[1]}\n{config(report, [('t', '', case)])}\n{as_csv(case.header, case.rows)}"

    shuffled = [replace(case, rows=tuple(random.sample(case.rows, len(case.rows)))) for case in cases]
    yield from same("the order of rows changes nothing", results(program, report, shuffled))
    yield from same("how rows are split into files changes nothing", results(program, report, cases, "split"))
    yield from same("NDJSON says what CSV says", results(program, report, cases, "ndjson"))
    yield from same("Parquet says what CSV says", results(program, report, cases, "parquet"))
    one = results(program, report, cases, environment={"POLARS_MAX_THREADS": "1"})
    yield from same("threads change nothing", one)

    twice = [replace(case, rows=case.rows * 2) if case.metric in PROPORTIONS else case for case in cases]
    value = lambda row: (row["start"], row["dimensions"], row["value"])
    yield from same("twice the rows, the same share", results(program, report, twice), value)

    # One region: the rows that a filter leaves, the rows of a smaller file, and the group of a breakdown.
    north = lambda case: replace(case, by=(), rows=tuple(row for row in case.rows if row[case.header.index("region")] == "north"))
    cases = [case for case in cases if north(case).rows and not is_refused(north(case))]
    alone = results(program, report, [north(case) for case in cases])
    filtered = results(program, report, [replace(case, by=()) for case in cases], settings="where = \"region = 'north'\"")
    groups = results(program, report, [replace(case, by=("region",)) for case in cases])
    for number, case in enumerate(cases):
        name = f"t{number}"
        if alone.get(name) != filtered.get(name):
            yield f"a filtered report is that of the filtered rows: {case.metric}\n{shown(alone[name])}\nis\n{shown(filtered[name])}"
        group = [row for row in groups.get(name, []) if row["dimensions"].get("region") == "north"]
        group = [(row["start"], {key: own for key, own in row["dimensions"].items() if key != "region"}, row["value"]) for row in group]
        if case.metric not in OF_THE_WHOLE and group and group != [value(row) for row in alone[name]]:
            yield f"a group's value is that of its rows alone: {case.metric}\n{group}\nis\n{shown(alone[name])}"


def results(program, report, cases, form="csv", environment=None, settings=""):
    """The rows of each case's request, of files of one form."""
    from oracle import run

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests = []
        for number, case in enumerate(cases):
            path = write(folder, f"t{number}", case, form)
            requests.append((f"t{number}", f'path = "{path}"\n{settings}', case))
        found = {}
        for row in run(program, folder, config(report, requests), environment)["results"]:
            found.setdefault(row["request"], []).append(row)
        return found


def write(folder, name, case, form):
    if form == "csv":
        (folder / f"{name}.csv").write_text(as_csv(case.header, case.rows))
        return f"{name}.csv"
    if form == "split":
        third = len(case.rows) // 3
        for number, rows in enumerate([case.rows[:third], case.rows[third:third], case.rows[third:]]):
            (folder / f"{name}-{number}.csv").write_text(as_csv(case.header, rows))
        return f"{name}-*.csv"
    rows = [{key: cell for key, cell in zip(case.header, row) if cell.strip()} for row in case.rows]
    if form == "ndjson":
        # A missing cell is a missing key; the first row shows all columns.
        lines = [{key: row.get(key) for key in case.header} for row in rows]
        (folder / f"{name}.ndjson").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        return f"{name}.ndjson"
    columns = ", ".join(f'"{key}" VARCHAR' for key in case.header)
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE t ({columns})")
        marks = ", ".join("?" for _ in case.header)
        database.executemany(f"INSERT INTO t VALUES ({marks})", [[row.get(key) for key in case.header] for row in rows])
        database.execute(f"COPY t TO '{folder / name}.parquet' (FORMAT parquet)")
    return f"{name}.parquet"
