"""The program of the wheel is the program of cargo."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY, run

ARGUMENTS = [
    ["run", "config/quickstart.toml"],
    ["run", "config/quickstart.toml", "--format", "json"],
    ["run", "config/quickstart.toml", "--format", "html"],
    ["validate", "config/quickstart.toml"],
    ["validate", "config/quickstart.toml", "--set", "report.grain=fortnight"],
    ["metrics", "describe", "loyalty.nps"],
    ["no-such-command"],
    ["--help"],
    ["--version"],
]


@pytest.mark.parametrize("args", ARGUMENTS, ids=" ".join)
def test_says_the_same_byte_for_byte(installed: Path, built: Path, args: list[str]) -> None:
    ours, theirs = run(installed, *args), run(built, *args)
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)
    assert ours.stdout or ours.stderr


def test_ctrl_c_ends_it(installed: Path, tmp_path: Path) -> None:
    rows = tmp_path / "responses.csv"
    with rows.open("w") as file:
        file.write("time,score,id\n")
        file.writelines(f"2025-01-{1 + i % 28:02} 10:00:00,{i % 11},{i}\n" for i in range(1_000_000))
    report = tmp_path / "report.toml"
    requests = (f'[[metrics]]\nmetric = "loyalty.nps"\nname = "nps {i}"\ntable = "responses"\nby = [["id"]]\n' for i in range(8))
    report.write_text('[tables.responses]\npath = "responses.csv"\n' + "".join(requests))
    running = subprocess.Popen([installed, "run", report, "--out", tmp_path / "out", "--format", "json"], cwd=REPOSITORY)
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=10) == -signal.SIGINT
    assert not (tmp_path / "out" / "results.json").exists()
