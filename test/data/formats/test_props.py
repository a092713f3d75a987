"""PROPS Detection comes in and goes out as it was, and damaged files are named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deep_perception.data.dataset import TRAIN, VALIDATION
from deep_perception.data.formats import export
from deep_perception.data.formats.props import NAMES

MUG = {"xyxy": [12, 20.25, 101, 88], "name": "mug", "scene": 3}
PARTS: dict[str, Any] = {
    "train": [["PROPS-Detection/train/1.png", [MUG, {"xyxy": [0, 0, 640, 480], "name": "sugar_box"}]]],
    "val": [["PROPS-Detection/val/1.png", []], ["PROPS-Detection/val/2.png", [MUG]]],
}


@pytest.fixture
def props(source: Path, picture: Callable[..., Path], write: Callable[[Path, str], Path]) -> Path:
    """Two parts."""
    for part, entries in PARTS.items():
        write(source / f"{part}.json", json.dumps(entries))
        for name, _ in entries:
            picture(source / name, 640, 480)
    return source


def test_everything_comes_back_as_it_was(props, there_and_back, files_of) -> None:
    out = there_and_back("props", props)
    before, after = files_of(props), files_of(out)
    assert after.keys() == before.keys()
    for name, content in before.items():
        assert json.loads(after[name]) == json.loads(content) if name.endswith("json") else after[name] == content


def test_its_ten_classes_keep_their_numbers_and_its_files_are_parts(props, bring_in) -> None:
    dataset = bring_in("props", props)
    assert dataset.labels["things"] == ("__background__", *NAMES)
    assert NAMES[0] == "master_chef_can" and NAMES[9] == "large_marker"
    assert {part: len(ids) for part, ids in dataset.split.parts.items()} == {TRAIN: 1, VALIDATION: 2}
    assert [len(record.things) for record in dataset.records] == [2, 0, 1]


def test_what_it_cannot_hold_is_named(source, bring_in, tmp_path, picture, write, caplog) -> None:
    for part, rows in (("train", "0 0.5 0.5 1 1\n1 0 0 1 0 1 1\n"), ("test", "")):
        picture(source / "images" / part / "a.jpg")
        write(source / "labels" / part / "a.txt", rows)
    write(source / "data.yaml", "train: images/train\ntest: images/test\nnames: [mug, dog]")
    export("props", bring_in("yolo", source), tmp_path / "out")
    for words in ("masks (1 pictures)", "things of other classes than its ten (1", "neither train nor validation"):
        assert words in caplog.text
    ((_, said),) = json.loads((tmp_path / "out" / "train.json").read_text())
    assert said == [{"xyxy": [0, 0, 8, 6], "name": "mug"}]
    assert json.loads((tmp_path / "out" / "val.json").read_text()) == []


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({}, "got a dict"),
        ([["PROPS-Detection/train/1.png"]], "entry 0: got ["),
        ([[5, []]], "entry 0: got ["),
        ([["PROPS-Detection/train/9.png", []]], "9.png does not exist"),
        ([["PROPS-Detection/train/1.png", [5]]], "entry 0, annotation 0: unknown class '5'"),
        (
            [["PROPS-Detection/train/1.png", [{"xyxy": [0, 0, 1, 1], "name": "muk"}]]],
            "unknown class 'muk'. Nearest: mug",
        ),
        ([["PROPS-Detection/train/1.png", [{"name": "mug"}]]], "xyxy: got None"),
        ([["PROPS-Detection/train/1.png", [{"xyxy": [0, 0, 1, float("nan")], "name": "mug"}]]], "finite numbers"),
        ([["PROPS-Detection/train/1.png", [{"xyxy": [5, 0, 1, 1], "name": "mug"}]]], "got a box from (5"),
        ([["../outside.png", []]], "expected one within"),
        ([["/etc/hostname", []]], "expected one within"),
    ],
)
def test_a_file_that_is_damaged_is_named(props, complaint, write, entries: Any, words: str) -> None:
    path = write(props / "train.json", json.dumps(entries))
    message = complaint("props", props)
    assert words in message and str(path) in message


def test_a_file_cut_short_is_named(props, complaint, write) -> None:
    write(props / "train.json", "[[")
    assert "train.json is damaged" in complaint("props", props)


def test_a_folder_that_is_no_props_is_named(source, complaint) -> None:
    assert "got no train.json and no val.json" in complaint("props", source)


def test_a_link_out_of_the_folder_is_refused(props, complaint, picture) -> None:
    (props / "PROPS-Detection" / "train" / "1.png").unlink()
    (props / "PROPS-Detection" / "train" / "1.png").symlink_to(picture(props.parent / "outside.png"))
    assert "a link that leaves" in complaint("props", props)
