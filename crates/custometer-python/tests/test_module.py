"""The module: what it computes, what it refuses, and what it leaves behind."""

import _thread
import datetime
import json
import threading
import time
import warnings
from pathlib import Path

import custometer as cm
import duckdb
import polars as pl
import pyarrow as pa
import pytest
from conftest import run

SCORES = pl.DataFrame(
    {
        "time": [datetime.datetime(2025, 1, day, 12) for day in (1, 2, 3, 4, 5)] + [datetime.datetime(2025, 2, 1, 12)] * 3,
        "q1": [10, 9, 9, 6, 0, 10, 8, 3],
        "product": ["a", "a", "b", "b", "b", "a", "a", "b"],
    }
)

REPORT = """
[report]
timezone = "Europe/Copenhagen"

[tables.responses]
path = "no such file.csv"
columns = { score = "q1" }

[[metrics]]
metric = "loyalty.nps"
table = "responses"
by = [[], ["product"]]
"""


def values(result: cm.Result | cm.RequestResult) -> list[tuple[object, ...]]:
    frame = result.to_polars()
    columns = [column for column in frame.columns if column.startswith("by.")]
    return frame.select("start", *columns, "value", "n").rows()


def test_computes_a_metric() -> None:
    # Promoters 10, 9, 9 and detractors 6, 0 of five in January; 10 and 3 of three in February, counted by hand.
    result = cm.compute("loyalty.nps", SCORES, columns={"score": "q1"}, grain="month", timezone="UTC")
    assert [(value, n) for *_, value, n in values(result)] == [(20.0, 5.0), (0.0, 3.0)]
    assert result.requests == ["loyalty.nps"]
    starts = result.to_polars()["start"].to_list()
    assert [start.date() for start in starts] == [datetime.date(2025, 1, 1), datetime.date(2025, 2, 1)]


def test_breaks_down() -> None:
    computed = cm.compute("loyalty.nps", SCORES, columns={"score": "q1"}, by="product").to_polars()
    # Of a: 10, 9, 10 against 8; of b: 9 against 6, 0, 3.
    assert computed.select("by.product", "value").rows() == [("a", 75.0), ("b", -50.0)]
    both = cm.compute("loyalty.nps", SCORES, columns={"score": "q1"}, by=[[], ["product"]])
    assert len(both) == 3
    kept = cm.compute("loyalty.nps", SCORES, columns={"score": "q1"}, where="product = 'a'")
    assert [n for *_, n in values(kept)] == [4.0]


def test_takes_dates_and_parameters() -> None:
    day = datetime.date(2025, 1, 1)
    result = cm.compute("loyalty.nps", SCORES, columns={"score": "q1"}, from_=day, until="2025-02-01", as_of="2025-06-01")
    assert [n for *_, n in values(result)] == [5.0]
    with pytest.raises(cm.ReportError, match="no_such_param"):
        cm.compute("loyalty.nps", SCORES, columns={"score": "q1"}, params={"no_such_param": 1})
    with pytest.raises(ValueError, match="`grain` is said twice"):
        cm.compute("loyalty.nps", SCORES, grain="month", request={"grain": "week"})


def test_a_report_is_a_text_a_dict_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "report.toml").write_text(REPORT)
    as_dict = {
        "report": {"timezone": "Europe/Copenhagen"},
        "tables": {"responses": {"columns": {"score": "q1"}}},
        "metrics": [{"metric": "loyalty.nps", "table": "responses", "by": [[], ["product"]]}],
    }
    results = [cm.Report(report, tables={"responses": SCORES}).run() for report in (REPORT, as_dict, tmp_path / "report.toml")]
    assert values(results[0]) == values(results[1]) == values(results[2])
    assert [n for *_, n in values(results[0])] == [8.0, 4.0, 4.0]
    (tmp_path / "scores.csv").write_text("time,q1,product\n2025-01-01,10,a\n")
    assert len(cm.Report(REPORT, tables={"responses": tmp_path / "scores.csv"}).run()) == 2


def test_a_request_by_its_name() -> None:
    result = cm.Report(REPORT, tables={"responses": SCORES}).run()
    assert "loyalty.nps" in result and "loyalty.csat" not in result
    assert len(result["loyalty.nps"]) == 3
    assert "product" in result["loyalty.nps"]._repr_markdown_()
    with pytest.raises(KeyError, match="did you mean `loyalty.nps`"):
        result["loyalty.npx"]


def test_takes_every_arrow_stream() -> None:
    expected = values(cm.Report(REPORT, tables={"responses": SCORES}).run())
    relation = duckdb.from_arrow(SCORES.to_arrow())
    for table in (SCORES.to_arrow(), SCORES.to_pandas(), relation, SCORES.to_arrow().to_reader(max_chunksize=3)):
        assert values(cm.Report(REPORT, tables={"responses": table}).run()) == expected


def test_results_are_arrow_streams() -> None:
    result = cm.Report(REPORT, tables={"responses": SCORES}).run()
    assert pl.DataFrame(result).equals(result.to_polars())
    assert pa.table(result).equals(result.to_arrow())
    assert result.to_pandas()["value"].tolist() == result.to_polars()["value"].to_list()


def test_says_what_is_wrong_as_data() -> None:
    report = REPORT.replace('"loyalty.nps"', '"loyalty.npz"')
    with pytest.raises(cm.ReportError) as raised:
        cm.Report(report, tables={"responses": SCORES}).run()
    [problem] = raised.value.problems
    line = report.splitlines().index('metric = "loyalty.npz"') + 1
    assert (problem.file, problem.line, problem.column) == ("report", line, 10)
    assert "loyalty.npz" in problem.message and "did you mean `loyalty.nps`?" in (problem.help or "")
    assert problem.message in str(raised.value) and "did you mean" in str(raised.value)
    assert cm.validate(report, {"responses": SCORES}) == [problem]
    assert cm.validate(REPORT, {"responses": SCORES}) == []


def test_says_what_the_program_says(tmp_path: Path, installed: Path) -> None:
    path = tmp_path / "report.toml"
    path.write_text(REPORT)
    said = run(installed, "run", str(path)).stderr.decode().rstrip("\n")
    with pytest.raises(cm.ReportError) as raised:
        cm.Report(path).run()
    assert str(raised.value).rstrip("\n") == said


def test_a_frame_that_nothing_uses_is_a_mistake() -> None:
    with pytest.raises(cm.ReportError, match="nothing in the report uses the table `respnses`: did you mean `responses`"):
        cm.Report(REPORT, tables={"responses": SCORES, "respnses": SCORES}).run()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "`table responses` is of the type list, which offers no Arrow stream"),
        (SCORES["q1"], "it is a single column"),
        (pa.table([pa.array([1]), pa.array([2])], names=["q1", "q1"]), "two columns that are called `q1`"),
    ],
)
def test_what_is_no_table_is_refused(table: cm.Table, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        cm.Report(REPORT, tables={"responses": table})


def test_an_empty_frame_is_an_empty_table() -> None:
    result = cm.Report(REPORT, tables={"responses": SCORES.clear()}).run()
    assert result.manifest["tables"][0]["rows_read"] == 0


def test_rejected_rows_are_told_where_they_stand() -> None:
    frame = SCORES.with_columns(pl.when(pl.col("q1") == 6).then(60).otherwise(pl.col("q1")).alias("q1"))
    with pytest.warns(cm.RejectedRowsWarning, match="1 of 8 rows of `responses`"):
        result = cm.Report(REPORT, tables={"responses": frame}).run()
    [rejected] = result.rejected
    assert rejected["rows"] == 1
    assert "No rows were rejected" not in result["loyalty.nps"]._repr_markdown_()
    [example] = rejected["examples"]
    assert (example["file"], example["row"], example["column"], example["value"]) == ("table responses", 4, "score", "60")
    with pytest.raises(cm.ReportError, match="1 of 8 rows"):
        cm.Report(REPORT, tables={"responses": frame}).run(strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cm.Report(REPORT, tables={"responses": frame}, settings=["report.max_rejected_percent=20"]).run()


def test_the_manifest_says_what_was_read() -> None:
    manifest = cm.Report(REPORT, tables={"responses": SCORES}).run().manifest
    [file] = manifest["tables"][0]["files"]
    assert file["path"] == "table responses" and len(file["hash"]) == 64 and file["bytes"] > 0
    cut = pl.concat([SCORES[:3], SCORES[3:]], rechunk=False)
    narrow = SCORES.with_columns(pl.col("q1").cast(pl.Int8), pl.col("product").cast(pl.Categorical))
    for same in (cut, narrow, SCORES.to_pandas(), SCORES.to_arrow()):
        assert cm.Report(REPORT, tables={"responses": same}).run().manifest["tables"][0]["files"] == [file]
    other = SCORES.with_columns(pl.col("q1") + (pl.col("q1") == 0))
    assert cm.Report(REPORT, tables={"responses": other}).run().manifest["tables"][0]["files"] != [file]


def test_one_frame_under_two_names_is_one_table() -> None:
    again = '[tables.again]\npath = "x"\n[[metrics]]\nname = "again"\nmetric = "loyalty.nps"\ntable = "again"\ncolumns = { score = "q1" }\n'
    manifest = cm.Report(REPORT + again, tables={"responses": SCORES, "again": SCORES}).run().manifest
    assert {file["path"] for table in manifest["tables"] for file in table["files"]} == {"table responses"}


def test_writes_all_files_or_none(tmp_path: Path) -> None:
    result = cm.Report(REPORT, tables={"responses": SCORES}).run()
    written = result.write(tmp_path / "out", ["html", "parquet", "json"])
    assert sorted(path.name for path in written) == ["results.html", "results.json", "results.parquet"]
    assert (tmp_path / "out" / "results.json").read_text() == result.render("json")
    assert pl.read_parquet(tmp_path / "out" / "results.parquet").equals(result.to_polars())
    assert json.loads(result.render("json"))["manifest"] == result.manifest
    with pytest.raises(ValueError, match="xml"):
        result.write(tmp_path / "other", ["xml"])  # type: ignore[list-item]
    assert not (tmp_path / "other").exists()
    dated = result.write(tmp_path / "dated", ["json"], dated=datetime.date(2026, 1, 31))
    assert [path.parent.name for path in dated] == ["2026-01-31"]


def test_python_goes_on_while_a_report_runs() -> None:
    report = cm.Report(REPORT, tables={"responses": pl.concat([SCORES] * 20_000)})
    ticks = 0
    done = threading.Event()

    def count() -> None:
        nonlocal ticks
        while not done.wait(0.001):
            ticks += 1

    counting = threading.Thread(target=count)
    counting.start()
    report.run()
    done.set()
    counting.join()
    assert ticks > 3


def test_ctrl_c_stops_a_run() -> None:
    requests = (f'[[metrics]]\nname = "nps {i}"\nmetric = "loyalty.nps"\ntable = "responses"\ngrain = "day"\n' for i in range(30))
    report = cm.Report(REPORT + "".join(requests), tables={"responses": pl.concat([SCORES] * 200_000)})
    threading.Timer(0.5, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        report.run()
    assert time.monotonic() - started < 10


def test_progress_goes_to_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    tqdm = pytest.importorskip("tqdm.auto")
    bars = []

    class Bar:
        def __init__(self, **settings: object) -> None:
            self.settings, self.shown, self.is_open = settings, 0, True
            bars.append(self)

        def update(self, rows: int) -> None:
            self.shown += rows

        def close(self) -> None:
            self.is_open = False

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    cm.Report(REPORT, tables={"responses": SCORES}).run(progress=True)
    assert [bar.settings["desc"] for bar in bars] == ["checking 1 table or file", "reading `responses`"]
    assert bars[-1].settings["total"] == 8 and not any(bar.is_open for bar in bars)


def test_inspects_frames_and_files(repository: Path) -> None:
    of_frame = cm.inspect(SCORES)
    [table] = of_frame.tables
    assert [column["name"] for column in table["columns"]] == ["time", "q1", "product"]
    assert "table 1" in repr(of_frame) and "path" not in of_frame.config
    of_file = cm.inspect(repository / "datasets" / "responses.csv")
    assert of_file.tables[0]["rows"] > 0 and "[tables." in of_file.config


def test_knows_the_metrics() -> None:
    metrics = cm.metrics()
    assert [metric["id"] for metric in metrics] == sorted(metric["id"] for metric in metrics) and len(metrics) > 80
    nps = cm.describe("loyalty.nps")
    assert nps in metrics and nps["references"]
    with pytest.raises(KeyError, match="did you mean `loyalty.nps`"):
        cm.describe("loyalty.npx")


def test_notebooks_show_figures() -> None:
    result = cm.compute("loyalty.nps", SCORES, columns={"score": "q1"}, grain="day")
    figure = result["loyalty.nps"].plot()
    assert "<svg" in figure.html and "<script" not in figure.html and 'src="' not in figure.html
    assert figure._repr_html_().startswith("<iframe srcdoc=")
    assert "Content-Security-Policy" in result._repr_html_()


def test_the_stubs_of_a_new_wheel_are_these(repository: Path) -> None:
    ours = repository / "crates" / "custometer-python" / "python" / "custometer"
    theirs = repository / "crates" / "custometer-cli" / "src" / "commands" / "new" / "python" / "package"
    example = repository / "examples" / "acme-metrics" / "python" / "acme_metrics"
    assert (theirs / "_engine.pyi").read_text() == (ours / "_engine.pyi").read_text() == (example / "_engine.pyi").read_text()
    texts = [(folder / "__init__.py").read_text() for folder in (ours, theirs, example)]
    assert len({text[text.index("from ._engine") :] for text in texts}) == 1


def test_how_much_memory_there_is_changes_nothing() -> None:
    report = cm.Report(REPORT, {"responses": SCORES})
    assert report.run(memory="1MB").to_polars().equals(report.run().to_polars())
    with pytest.raises(ValueError, match="memory: write a number with its unit, such as 4GB"):
        report.run(memory="much")
