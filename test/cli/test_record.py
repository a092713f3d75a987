"""`deep_perception record` refuses what it cannot do before it starts anything."""

from pathlib import Path

import pytest

from deep_perception.cli import main


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--out", "{new}"], "expected topics, or --all for every one"),
        (["/talk", "--all", "--out", "{new}"], "expected topics, or --all for every one"),
        (["/talk"], "--out"),
        (["/talk", "--out", "{old}"], "is there already, expected a new folder"),
        (["/talk", "--out", "{new}", "--compression", "zip"], "--compression"),
        (["talk talk", "--out", "{new}"], "topics: got 'talk talk', expected a topic"),
    ],
)
def test_a_wrong_option_is_one_line_and_makes_nothing(
    tmp_path: Path, options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old").mkdir()
    words = [option.format(new=tmp_path / "new", old=tmp_path / "old") for option in options]
    assert main(["record", *words]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert not (tmp_path / "new").exists()
