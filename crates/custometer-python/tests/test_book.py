"""The page of the book does what it says."""

import re
from pathlib import Path

import pytest


def test_the_page_on_python(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (repository / "docs" / "src" / "guides" / "python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    (tmp_path / "datasets").symlink_to(repository / "datasets")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert (tmp_path / "out" / "results.html").exists()
