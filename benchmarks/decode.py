"""Decodes columns of a file and does nothing with them: decode.py FILE COLUMN….

Polars' streaming engine, as custometer uses it: Parquet as it is typed, CSV as text. The values are counted, since Polars would not read
a column of which nothing is asked.
"""

import json
import sys
import time

import polars as pl


def main(file: str, *columns: str) -> None:
    # What Python took to start is no cost of decoding.
    started = {"time": time.time(), "cpu": time.process_time()}
    rows = pl.scan_csv(file, infer_schema=False) if file.endswith(".csv") else pl.scan_parquet(file)
    counts = rows.select(pl.col(*columns).count()).collect(engine="streaming")
    json.dump({"started": started, "results": counts.rows()}, sys.stdout)


main(*sys.argv[1:])
