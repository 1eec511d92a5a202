"""What tests share: the repository, the program of the wheel, and that of cargo."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


def run(program: Path, *args: str, cwd: Path = REPOSITORY) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([program, *args], cwd=cwd, capture_output=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture
def installed() -> Path:
    """The program that the wheel installed."""
    return Path(sysconfig.get_path("scripts")) / "custometer"


@pytest.fixture
def built() -> Path:
    """The program that cargo built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    return target / "debug" / "custometer"
