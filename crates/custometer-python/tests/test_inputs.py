"""The same rows give the same bytes, whatever holds them: a Parquet file, Polars, pandas, PyArrow, DuckDB."""

import datetime
import decimal
import json
import random
from pathlib import Path
from typing import Any

import custometer as cm
import duckdb
import polars as pl
import pyarrow.parquet
import pytest

ROWS = 400
FIRST = datetime.datetime(2025, 3, 1)

# How the values of each kind are made, and how Polars stores them.
KINDS: dict[str, tuple[Any, Any]] = {
    "int8": (lambda rng: rng.randint(0, 10), pl.Int8),
    "int64": (lambda rng: rng.randint(0, 10), pl.Int64),
    "uint16": (lambda rng: rng.randint(0, 10), pl.UInt16),
    "float": (lambda rng: float(rng.randint(0, 10)), pl.Float64),
    "decimal": (lambda rng: decimal.Decimal(rng.randint(0, 10)), pl.Decimal(10, 2)),
    "flag": (lambda rng: rng.random() < 0.5, pl.Boolean),
    "text": (lambda rng: rng.choice(["a", "b", "", "å", "007", "7"]), pl.String),
    "category": (lambda rng: rng.choice(["x", "y", "z"]), pl.Categorical),
    "date": (lambda rng: (FIRST + datetime.timedelta(days=rng.randint(0, 40))).date(), pl.Date),
    "time": (lambda rng: FIRST + datetime.timedelta(seconds=rng.randint(0, 40 * 86_400)), pl.Datetime("us")),
    "milliseconds": (lambda rng: FIRST + datetime.timedelta(seconds=rng.randint(0, 40 * 86_400)), pl.Datetime("ms")),
    "zoned": (lambda rng: FIRST + datetime.timedelta(seconds=rng.randint(0, 40 * 86_400)), pl.Datetime("us")),
}
SCORES = ["int8", "int64", "uint16", "float", "decimal"]
GROUPS = ["flag", "text", "category", "int64", "decimal", "date"]
TIMES = ["date", "time", "milliseconds", "zoned"]


def column(kind: str, rng: random.Random) -> pl.Series:
    """A column of a kind, a tenth of it missing."""
    one, stored = KINDS[kind]
    made = pl.Series([None if rng.random() < 0.1 else one(rng) for _ in range(ROWS)], dtype=stored)
    return made.dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York") if kind == "zoned" else made


def document(report: dict[str, Any], table: Any) -> dict[str, Any]:
    ran = cm.Report(report, tables={"responses": table}, settings=["report.max_rejected_percent=100"]).run()
    parsed: dict[str, Any] = json.loads(ran.render("json"))
    return parsed


def plain(document: dict[str, Any]) -> str:
    """All but what says which file it was."""
    copy = json.loads(json.dumps(document))
    copy["manifest"].pop("config_hash")
    for table in copy["manifest"]["tables"]:
        table.pop("files")
    for rejected in copy["rejected"]:
        for example in rejected["examples"]:
            example.pop("file")
    return json.dumps(copy)


@pytest.mark.parametrize("seed", range(24))
def test_the_same_rows_give_the_same_bytes(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    kinds = {"score": rng.choice(SCORES), "group": rng.choice(GROUPS), "time": rng.choice(TIMES)}
    frame = pl.DataFrame({name: column(kind, rng) for name, kind in kinds.items()})
    report = {
        "report": {"timezone": "Europe/Copenhagen"},
        "tables": {"responses": {}},
        "metrics": [
            {"metric": "loyalty.nps", "table": "responses", "by": [[], ["group"]], "grain": "week"},
            {"metric": "loyalty.nps", "name": "some", "table": "responses", "where": "score > 2", "by": [["group"]]},
        ],
    }
    path = tmp_path / "rows.parquet"
    frame.write_parquet(path, row_group_size=rng.choice([37, 100, ROWS]))
    file = document(report, path)
    assert len(file["results"]) > 5
    arrow = frame.to_arrow()
    con = duckdb.connect()
    con.execute("SET TimeZone = 'Asia/Tokyo'")
    con.register("arrow", arrow)
    inputs = {
        "Polars": frame,
        "Polars in parts": pl.concat([frame[:13], frame[13:]], rechunk=False),
        "PyArrow": arrow,
        "PyArrow from the file": pyarrow.parquet.read_table(path),
        "PyArrow in batches": arrow.to_reader(max_chunksize=41),
        "DuckDB": con.sql("SELECT * FROM arrow"),
        # NumPy has no missing integers: it would make them floats.
        "pandas": frame.to_pandas(use_pyarrow_extension_array=True),
    }
    hashes = set()
    for name, table in inputs.items():
        found = document(report, table)
        hashes.add(found["manifest"]["tables"][0]["files"][0]["hash"])
        assert plain(found) == plain(file), f"{name}, {kinds}"
    assert len(hashes) == 1, kinds


def test_columns_that_nothing_uses_may_be_of_any_kind() -> None:
    frame = pl.DataFrame(
        {
            "score": [10, 9, 0],
            "clock": [datetime.time(1, 2), None, datetime.time(3)],
            "length": [datetime.timedelta(hours=1), None, datetime.timedelta(0)],
            "bytes": [b"a", None, b""],
            "list": [["a", None], None, []],
            "structure": [{"a": 1}, None, {"a": None}],
            "array": pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int64, 2)),
            "nothing": [None, None, None],
        }
    )
    connection = duckdb.connect()
    relation = connection.sql("SELECT 10 AS score, gen_random_uuid() AS id, INTERVAL 1 DAY AS length, 1::HUGEINT AS huge, TIME '01:02' AS clock")
    for table, rows in ((frame, 3), (frame.to_arrow(), 3), (relation, 1)):
        result = cm.compute("loyalty.nps", table)
        assert result.manifest["tables"][0]["rows_read"] == rows and len(result) == 1
