"""The verb `dataset`, as people type it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deep_perception.cli import main
from deep_perception.data.dataset import Dataset
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.writer import Writer

HELPS = ("info", "verify", "split", "merge", "extract", "import", "export")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty pictures of two classes, from two recordings."""
    random = np.random.default_rng(0)
    with Writer(tmp_path / "set", durable=False) as writer:
        for number in range(20):
            tags = (Tag("red" if number % 2 else "blue"),)
            things = (Thing("cup", (1, 1, 5, 5), source="model", score=0.5),)
            recording = "monday" if number < 10 else "tuesday"
            record = Record(f"p{number}", "", 0, 0, number * 10**10, recording, "left", tags=tags, things=things)
            writer.add(record, random.integers(0, 256, (6, 8, 3), np.uint8))
    return tmp_path / "set"


@pytest.mark.parametrize("action", HELPS)
def test_every_action_explains_itself(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", action, "--help"]) == 0
    assert f"deep_perception dataset {action} " in capsys.readouterr().out


def test_info_counts_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "info", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "20 pictures" in said and "2: monday, tuesday" in said and "1: left" in said
    assert "1970-01-01 00:00:00 to 1970-01-01 00:03:10 (0:03:10)" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["tags", "blue", "10", "10", "0"] in rows and ["things", "cup", "20", "0", "20"] in rows


def test_info_is_json_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "info", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["pictures"] == 20 and said["parts"] is None
    assert said["bytes"] == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_verify_is_silent_about_nothing_and_leaves_with_1_on_a_problem(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "verify", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}: no problem in 20 pictures\n"
    (folder / "images" / "p3.png").write_bytes(b"broken")
    (folder / "manifest.jsonl").write_text("{}\n" + (folder / "manifest.jsonl").read_text())
    assert main(["dataset", "verify", str(folder)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("manifest.jsonl, line 1: ") and said[1].startswith("p3: ") and "2 problems" in said[2]


def test_verify_mends_when_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "images" / "p3.png").write_bytes(b"broken")
    (folder / "manifest.jsonl").write_text("{}\n" + (folder / "manifest.jsonl").read_text() + '{"id": "tor')
    assert main(["dataset", "verify", str(folder), "--repair"]) == 0
    assert "no problem in 19 pictures" in capsys.readouterr().out
    assert len((folder / "manifest.rejected.jsonl").read_text().splitlines()) == 2
    assert (folder / "rejected" / "images" / "p3.png").read_bytes() == b"broken"


def test_split_shows_how_it_came_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "split", str(folder)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["pictures", "16", "2", "2"] in rows
    assert ["tags", "red", "8", "1", "1"] in rows


def test_a_split_is_not_replaced_unless_it_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "split", str(folder), "--shares", "6:2:2"]) == 0
    first = Dataset.open(folder).split
    assert main(["dataset", "split", str(folder)]) == 1
    assert "--extend; or split anew: --force" in capsys.readouterr().err
    assert Dataset.open(folder).split == first
    assert main(["dataset", "split", str(folder), "--extend"]) == 0
    assert Dataset.open(folder).split.parts == first.parts
    assert main(["dataset", "split", str(folder), "--force", "--seed", "1"]) == 0
    assert Dataset.open(folder).split.parts != first.parts


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--shares", "8:1"], "three numbers like 8:1:1"),
        (["--shares", "0:1:1"], "three numbers like 8:1:1"),
        (["--shares", "8:one:1"], "three numbers like 8:1:1"),
        (["--gap", "-1"], "expected 0 or more"),
        (["--extend"], "is not split, expected a split to extend"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], expected: str
) -> None:
    assert main(["dataset", "split", str(folder), *options]) == 1
    assert expected in capsys.readouterr().err
    assert not (folder / "splits.json").exists()


def test_merge_says_what_came_of_it(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert main(["dataset", "merge", str(folder), str(tmp_path / "copy"), str(tmp_path / "all")]) == 0
    assert "20 pictures, of 40 that were given" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("action", "left"),
    [
        (["merge", "SET", "OUT"], "OUT is left as it was"),
        (["export", "coco", "SET", "OUT"], "OUT is left as it was"),
        (["import", "folders", "SET", "OUT"], "OUT holds what was added so far. The same command adds the rest"),
    ],
    ids=["merge", "export", "import"],
)
def test_ctrl_c_says_what_is_left(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch, action: list[str], left: str
) -> None:
    def press(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deep_perception.data.writer.picture_file", press)
    monkeypatch.setattr("deep_perception.data.formats.coco_writing.copy_picture", press)
    places = {"SET": str(folder), "OUT": str(tmp_path / "out")}
    assert main(["dataset", *(places.get(word, word) for word in action)]) == 130
    assert f"stopped. {left.replace('OUT', places['OUT'])}\n" == capsys.readouterr().out


def test_what_is_exported_is_imported_again(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "export", "coco", str(folder), str(tmp_path / "coco")]) == 0
    assert main(["dataset", "import", "coco", str(tmp_path / "coco"), str(tmp_path / "again")]) == 0
    assert "20 pictures added, 20 in all. Split it: deep_perception dataset split" in capsys.readouterr().out
    boxes = [[thing.box for thing in one.things] for one in Dataset.open(tmp_path / "again").records]
    assert boxes == [[thing.box for thing in one.things] for one in Dataset.open(folder).records]


@pytest.mark.parametrize("action", ["import", "export"])
def test_a_format_that_there_is_none_of_is_refused_with_the_nearest(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    assert main(["dataset", action, "coc", str(folder), str(tmp_path / "out")]) == 1
    assert "unknown format 'coc'. Nearest: coco" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_not_there_is_not_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "import", "coco", str(tmp_path / "no"), str(tmp_path / "out")]) == 1
    assert "does not exist, expected data in the format coco" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.weights
def test_pictures_and_boxes_come_out_of_a_bag(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag, truth = shared_data / "bags" / "pennfudan20_db3", shared_data / "bags" / "pennfudan20_gt.json"
    options = ["--out", str(tmp_path / "out"), "--coco", str(truth), "--class", "person", "--stride", "4"]
    assert main(["dataset", "extract", str(bag), *options]) == 0
    assert "pennfudan20_db3: 5 pictures added" in capsys.readouterr().out
    dataset = Dataset.open(tmp_path / "out")
    assert len(dataset.records) == 5 and all(record.things for record in dataset.records)
    assert main(["dataset", "verify", str(tmp_path / "out")]) == 0
