"""A team's wheel beside this one: each with its metrics, its program and its exceptions."""

import sysconfig
from pathlib import Path

import custometer as cm
import polars as pl
import pytest
from conftest import run

acme_metrics = pytest.importorskip("acme_metrics")

SCORES = pl.DataFrame({"score": [10, 9, 0]})


def test_two_wheels_do_not_disturb_each_other(repository: Path) -> None:
    assert acme_metrics.compute is not cm.compute and acme_metrics.ReportError is not cm.ReportError
    parcels = pl.read_csv(repository / "examples" / "acme-metrics" / "parcels.csv", try_parse_dates=True)
    on_time = acme_metrics.compute("acme.on_time_rate", parcels)
    assert len(on_time) == 1
    with pytest.raises(cm.ReportError, match="acme.on_time_rate"):
        cm.compute("acme.on_time_rate", parcels)
    # What one of them makes, the other reads, and they agree on what both have.
    ours, theirs = cm.compute("loyalty.nps", SCORES), acme_metrics.compute("loyalty.nps", SCORES)
    assert ours.render("csv") == theirs.render("csv")
    assert cm.inspect(theirs).tables[0]["rows"] == 1


def test_each_has_its_program(installed: Path, repository: Path) -> None:
    theirs = Path(sysconfig.get_path("scripts")) / "acme-metrics"
    assert b"acme.on_time_rate" in run(theirs, "metrics", "list").stdout
    assert b"acme.on_time_rate" not in run(installed, "metrics", "list").stdout
    assert run(theirs, "run", "report.toml", cwd=repository / "examples" / "acme-metrics").returncode == 0
