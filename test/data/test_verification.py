"""What is wrong with a data set is found, said with its remedy, and mended where that is safe."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deep_perception.data.dataset import TEST, TRAIN, VALIDATION, Dataset, Split
from deep_perception.data.encoding import encoded as picture_of
from deep_perception.data.mending import mend, set_lines_aside
from deep_perception.data.problems import Problem
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.splits import save_split
from deep_perception.data.targets import encoded, usable
from deep_perception.data.verification import check_for_training, opened, verify
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError
from deep_perception.predictions import UNLABELLED

SIZE = (10, 12)
"""Height and width."""

NAMES = tuple(f"p{number}" for number in range(6))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures without fault, labelled in every way, two in each part."""
    random = np.random.default_rng(0)
    mask = np.zeros(SIZE, np.bool_)
    mask[2:5, 2:5] = True
    with Writer(tmp_path / "set", durable=False) as writer:
        writer.add_names("pixels", ["floor"])
        for number, name in enumerate(NAMES):
            things = (
                Thing("cup", (2, 2, 5, 5), mask=encoded(mask)),
                Thing("pan", (0, 0, 12.4, 10), mask=encoded(~mask)),
            )
            record = Record(name, "", 0, 0, tags=(Tag(("red", "blue")[number % 2]),), things=things)
            image = random.integers(0, 256, (*SIZE, 3), np.uint8)
            writer.add(record, image, pixels=mask.astype(np.uint8), depth=mask.astype(np.uint16))
    save_split(tmp_path / "set", Split({TRAIN: NAMES[:2], VALIDATION: NAMES[2:4], TEST: NAMES[4:]}, {}))
    return tmp_path / "set"


def damage(folder: Path, line: int, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what a line of the manifest says."""
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    said = json.loads(lines[line])
    change(said)
    lines[line] = json.dumps(said)
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    said = json.loads(file.read_text())
    change(said)
    file.write_text(json.dumps(said))


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def problems_of(folder: Path) -> list[Problem]:
    dataset, problems = opened(folder)
    return [*problems, *verify(dataset)]


def box(*numbers: float) -> Callable[[dict[str, Any]], object]:
    return lambda said: said["things"][0].update(box=numbers)


MENDABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a picture cut short": (lambda f: cut_short(f / "images/p1.png"), r"p1: .*p1.png is no picture .* Set the record"),
    "a picture gone": (lambda f: (f / "images/p1.png").unlink(), r"p1: images/p1.png does not exist\. Set the record"),
    "a box outside": (lambda f: damage(f, 1, box(2, 2, 30, 5)), r"p1: the box of 'cup' \(2, 2, 30, 5\) is not inside"),
    "a box far outside": (lambda f: damage(f, 1, box(20, 2, 30, 5)), r"p1: the box of 'cup' .* is not inside"),
    "a box without area": (lambda f: damage(f, 1, box(2, 2, 2, 5)), r"p1: the box of 'cup' .* has no area\. Remove it"),
    "a box of no numbers": (lambda f: damage(f, 1, box(2, 2, float("nan"), 5)), r"p1: the box of 'cup' .* has no area"),
    "an unknown thing": (
        lambda f: damage(f, 1, lambda said: said["things"][0].update(name="mug")),
        r"p1: unknown label 'mug' of things\. Correct it",
    ),
    "an unknown tag": (
        lambda f: damage(f, 1, lambda said: said["tags"][0].update(name="green")),
        r"p1: unknown label 'green' of tags\. Correct it",
    ),
    "a label in another case": (
        lambda f: damage(f, 1, lambda said: said["things"][0].update(name="Cup")),
        r"p1: unknown label 'Cup' of things\. Write 'cup'",
    ),
    "run lengths cut short": (
        lambda f: damage(f, 1, lambda said: said["things"][0]["mask"].update(counts="0")),
        r"p1: the mask of 'cup' cannot be read .* Leave the mask out",
    ),
    "polygons of nothing": (
        lambda f: damage(f, 1, lambda said: said["things"][0].update(mask=[])),
        r"p1: the mask of 'cup' cannot be read",
    ),
    "an empty mask": (
        lambda f: damage(f, 1, lambda said: said["things"][0].update(mask=[[1, 1, 1, 1, 1, 1]])),
        r"p1: the mask of 'cup' is empty",
    ),
    "a label map cut short": (
        lambda f: cut_short(f / "masks/p1.png"),
        r"p1: .*masks/p1.png is no mask that can be read",
    ),
    "a label map that labels nothing": (
        lambda f: (f / "masks/p1.png").write_bytes(picture_of(np.full(SIZE, UNLABELLED, np.uint8))),
        r"p1: no pixel of masks/p1.png is labelled\. Leave the mask out",
    ),
    "a class of pixels without name": (
        lambda f: edit(f / "labels.json", lambda said: said["labels"]["pixels"].pop()),
        r"p0: its mask holds class 1, expected less than 1",
    ),
    "a depth that is none": (lambda f: cut_short(f / "depth/p1.png"), r"p1: depth/p1.png is no depth that can be read"),
    "a line that is nothing": (
        lambda f: (f / "manifest.jsonl").write_bytes(b"{\n" + (f / "manifest.jsonl").read_bytes()),
        r"manifest.jsonl, line 1: .* Correct it, or set it aside",
    ),
    "a path that leads outside": (
        lambda f: damage(f, 1, lambda said: said.update(image="images/../../p1.png")),
        r"manifest.jsonl, line 2: the path images/../../p1.png leads out",
    ),
    "two pictures of one id": (
        lambda f: damage(f, 1, lambda said: said.update(id="p0")),
        r"manifest.jsonl, line 2: its id 'p0' is that of images/p0.png",
    ),
    "no width": (
        lambda f: damage(f, 1, lambda said: said.pop("width")),
        r"manifest.jsonl, line 2: .*width",
    ),
}

FOR_PEOPLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a size that is not the picture's": (
        lambda f: damage(f, 1, lambda said: said.update(width=6)),
        r"p1: images/p1.png is 12x10, expected 6x10\. Restore",
    ),
    "one class in two cases": (
        lambda f: edit(f / "labels.json", lambda said: said["labels"]["things"].append("CUP")),
        r"labels.json: one class of things is spelt in 2 ways: 'cup', 'CUP'",
    ),
    "the split names what is not there": (
        lambda f: edit(f / "splits.json", lambda said: said["parts"]["test"].append("ghost")),
        r"splits.json: part 'test' names 'ghost', which is not there\. Take it out: dataset split --extend",
    ),
    "a picture in two parts": (
        lambda f: edit(f / "splits.json", lambda said: said["parts"]["test"].append("p0")),
        r"splits.json: 'p0' is in train and in test",
    ),
    "an empty part": (
        lambda f: edit(f / "splits.json", lambda said: said["parts"].update(validation=[])),
        r"splits.json: part 'validation' is empty",
    ),
    "a picture twice, on both sides": (
        lambda f: (f / "images/p5.png").write_bytes((f / "images/p0.png").read_bytes()),
        r"splits.json: the same picture is on both sides: 'p0' in train, 'p5' in test",
    ),
}


def test_a_data_set_without_fault_has_no_problem(folder: Path) -> None:
    assert problems_of(folder) == []


@pytest.mark.parametrize("name", [*MENDABLE, *FOR_PEOPLE])
def test_a_problem_is_found_and_said_in_a_line_with_its_remedy(folder: Path, name: str) -> None:
    spoil, expected = {**MENDABLE, **FOR_PEOPLE}[name]
    spoil(folder)
    said = [str(problem) for problem in problems_of(folder)]
    assert any(re.match(expected, one) for one in said), said
    assert all("\n" not in one for one in said)


@pytest.mark.parametrize("name", MENDABLE)
def test_what_can_be_mended_is_mended_and_nothing_is_thrown_away(folder: Path, name: str) -> None:
    MENDABLE[name][0](folder)
    files = {file.name: file.read_bytes() for file in folder.rglob("*.png")}
    lines = set((folder / "manifest.jsonl").read_bytes().splitlines())
    problems = problems_of(folder)
    set_lines_aside(folder)
    mend(folder, problems)
    left = [str(problem) for problem in problems_of(folder)]
    assert all("dataset split --extend" in one for one in left), left  # the record is gone; the split still names it
    assert {file.name: file.read_bytes() for file in folder.rglob("*.png")} == files
    rejected = folder / "manifest.rejected.jsonl"
    kept = set((folder / "manifest.jsonl").read_bytes().splitlines())
    assert lines <= kept | set(rejected.read_bytes().splitlines() if rejected.exists() else [])


def test_a_box_is_clipped_to_the_picture_and_one_outside_is_left_out(folder: Path) -> None:
    damage(folder, 1, box(-3, 2, 30, 5))
    damage(folder, 2, box(30, 2, 40, 5))
    mend(folder, problems_of(folder))
    _, clipped, without, *_ = Dataset.open(folder).records
    assert [thing.box for thing in clipped.things or ()] == [(0, 2, 12, 5), (0, 0, 12, 10)]
    assert [thing.name for thing in without.things or ()] == ["pan"]


def test_where_its_size_is_in_doubt_a_record_is_left_as_it_is(folder: Path) -> None:
    damage(folder, 1, lambda said: said.update(width=6))
    before = Dataset.open(folder).records
    mend(folder, problems_of(folder))
    assert Dataset.open(folder).records == before


TASKS = ("classification", "detection", "instance_segmentation", "semantic_segmentation", "super_resolution")


@pytest.mark.parametrize("task", TASKS)
def test_a_data_set_without_fault_may_be_learnt_from(folder: Path, task: str) -> None:
    check_for_training(Dataset.open(folder), task)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("a picture cut short", "super_resolution"),
        ("a picture gone", "classification"),
        ("a box outside", "detection"),
        ("an unknown thing", "detection"),
        ("an unknown tag", "classification"),
        ("run lengths cut short", "instance_segmentation"),
        ("a label map cut short", "semantic_segmentation"),
        ("a label map that labels nothing", "semantic_segmentation"),
        ("a class of pixels without name", "semantic_segmentation"),
    ],
)
def test_what_would_spoil_training_is_refused_before_it(folder: Path, name: str, task: str) -> None:
    spoil, expected = MENDABLE[name]
    spoil(folder)
    with pytest.raises(InputError, match=expected) as error:
        check_for_training(Dataset.open(folder), task)
    assert f"deep_perception dataset verify {folder}" in str(error.value)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("a box outside", "classification"),
        ("a label map cut short", "detection"),
        ("run lengths cut short", "detection"),
        ("a depth that is none", "semantic_segmentation"),
    ],
)
def test_what_another_task_learns_from_does_not_matter(folder: Path, name: str, task: str) -> None:
    MENDABLE[name][0](folder)
    check_for_training(Dataset.open(folder), task)


def test_a_picture_without_a_tag_is_left_out_where_tags_are_learnt(folder: Path) -> None:
    damage(folder, 1, lambda said: said.update(tags=[]))
    dataset = Dataset.open(folder)
    check_for_training(dataset, "classification")
    assert [record.id for record in usable(dataset, "classification")] == [name for name in NAMES if name != "p1"]


def test_without_a_split_nothing_is_learnt(folder: Path) -> None:
    with pytest.raises(InputError, match=r"is not split\. Split it: deep_perception dataset split"):
        check_for_training(replace(Dataset.open(folder), split=None), "detection")


def test_an_empty_part_is_refused(folder: Path) -> None:
    edit(folder / "splits.json", lambda said: said["parts"].update(test=[]))
    with pytest.raises(InputError, match=r"its part 'test' is empty\. Take it out of training"):
        check_for_training(Dataset.open(folder), "detection")


def test_a_part_that_nobody_labelled_is_refused(folder: Path) -> None:
    for line in (2, 3):
        damage(folder, line, lambda said: said.pop("tags"))
    with pytest.raises(InputError, match=r"no picture of its part 'validation' is labelled for classification"):
        check_for_training(Dataset.open(folder), "classification")


def test_one_class_alone_is_nothing_to_tell_apart(folder: Path) -> None:
    for line in range(6):
        damage(folder, line, lambda said: said["tags"][0].update(name="red"))
    with pytest.raises(InputError, match=r"its tags name only 'red', expected two classes or more"):
        check_for_training(Dataset.open(folder), "classification")


def test_pictures_without_a_thing_teach_no_detector(folder: Path) -> None:
    for line in range(6):
        damage(folder, line, lambda said: said.update(things=[]))
    with pytest.raises(InputError, match="no picture shows a thing"):
        check_for_training(Dataset.open(folder), "detection")
