"""Runs a hand-written report: by_duckdb.py SCRIPT FILE THREADS MEMORY [OTHER FILE], where MEMORY is a size or empty. Its results go to stdout as JSON."""

import json
import sys
import time

import duckdb


def main(script: str, file: str, threads: str, memory: str, other: str = "") -> None:
    # What Python took to start is no cost of the report.
    started = {"time": time.time(), "cpu": time.process_time()}
    connection = duckdb.connect(config={"threads": int(threads), **({"memory_limit": memory} if memory else {})})
    connection.execute("SET VARIABLE file = ?", [file])
    connection.execute("SET VARIABLE other = ?", [other])
    cells = []
    with open(script, encoding="utf-8") as text:
        statements = connection.extract_statements(text.read())
    for statement in statements:
        connection.execute(statement)
        columns = [column[0] for column in connection.description]
        # What makes a table says how many rows it has, and is no result.
        if "request" not in columns:
            continue
        for row in connection.fetchall():
            cell = dict(zip(columns, row))
            month = cell.pop("month", None)
            value, n = cell.pop("value"), cell.pop("n")
            cells.append({
                "request": cell.pop("request"),
                "month": None if month is None else f"{month:%Y-%m-%d}",
                # A column that a breakdown does not use is null.
                "dimensions": {name: value for name, value in cell.items() if value is not None},
                "value": None if value is None else float(value),
                "n": None if n is None else float(n),
            })
    json.dump({"started": started, "results": cells}, sys.stdout)


main(*sys.argv[1:])
