"""YOLO comes in and goes out as it was, and damaged files are named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from deep_perception.data.dataset import TEST, TRAIN, VALIDATION
from deep_perception.data.formats import export
from deep_perception.data.targets import encoded

ROWS = "1 0.513234567 0.250000001 0.1 0.123456789\n0 0.5 0.5 1 1\n"
OUTLINES = "0 0.123456 0.2 0.9 0.2 0.9 0.876543 0.1 0.5\n1 0.1 0.1 0.2 0.1 0.2 0.2\n"


@pytest.fixture
def yolo(source: Path, picture: Callable[..., Path], write: Callable[[Path, str], Path]) -> Path:
    """Three parts and pictures of none."""
    for part, name, rows in (("train", "a", ROWS), ("val", "sub/a", OUTLINES), ("test", "c", ""), ("other", "d", ROWS)):
        picture(source / "images" / part / f"{name}.jpg")
        write(source / "labels" / part / f"{name}.txt", rows)
    parts = "path: ../elsewhere\ntrain: images/train\nval: images/val\ntest: images/test\n"
    write(source / "data.yaml", f"{parts}nc: 3\nnames: [cat, dog, never seen]\nlicense: CC0\ndate: 2024-01-02\n")
    return source


def test_rows_and_pictures_come_back_as_they_were(yolo, there_and_back, files_of) -> None:
    before, after = files_of(yolo), files_of(there_and_back("yolo", yolo))
    assert {key: value for key, value in after.items() if key != "data.yaml"} == {
        key: value for key, value in before.items() if key != "data.yaml"
    }


def test_names_parts_and_what_else_the_settings_say_come_back(yolo, there_and_back) -> None:
    said = yaml.safe_load((there_and_back("yolo", yolo) / "data.yaml").read_text())
    assert said["names"] == {0: "cat", 1: "dog", 2: "never seen"}
    assert (said["nc"], said["license"], said["date"]) == (3, "CC0", "2024-01-02")
    assert [said[part] for part in ("train", "val", "test")] == ["images/train", "images/val", "images/test"]


def test_boxes_are_shares_of_the_picture_around_their_middle(yolo, bring_in) -> None:
    record = next(one for one in bring_in("yolo", yolo).records if one.id == "a")
    first, second = record.things
    assert first.box == pytest.approx((3.705876536, 1.129629639, 4.505876536, 1.870370373))
    assert (first.name, second.name, second.box) == ("dog", "cat", (0, 0, 8, 6))


def test_a_polygon_is_a_mask_and_its_bounds_are_the_box(yolo, bring_in) -> None:
    record = next(one for one in bring_in("yolo", yolo).records if one.id == "sub__a")
    assert record.things[1].box == pytest.approx((0.8, 0.6, 1.6, 1.2))
    assert record.things[1].mask == [pytest.approx([0.8, 0.6, 1.6, 0.6, 1.6, 1.2])]


def test_folders_of_parts_are_a_split_and_an_empty_file_says_that_nothing_is_there(yolo, bring_in) -> None:
    dataset = bring_in("yolo", yolo)
    assert dataset.split.parts == {TRAIN: ("a",), VALIDATION: ("sub__a",), TEST: ("c",)}
    assert [record.things for record in dataset.records if record.id == "c"] == [()]


def test_a_picture_without_a_label_file_shows_nothing(yolo, bring_in) -> None:
    (yolo / "labels" / "train" / "a.txt").unlink()
    assert bring_in("yolo", yolo).records[0].things == ()


def test_parts_may_be_lists_of_paths(yolo, bring_in, write) -> None:
    write(yolo / "lists" / "train.txt", "images/train/a.jpg\n\nimages/other/d.jpg\n")
    write(yolo / "val.txt", "./images/val/sub/a.jpg\n")
    write(yolo / "data.yaml", "train: lists/train.txt\nval: [val.txt, images/test]\nnames: {0: cat, 1: dog}")
    assert bring_in("yolo", yolo).split.parts == {TRAIN: ("a", "d"), VALIDATION: ("a_2", "c")}


def test_the_layout_and_paths_of_the_most_common_exporter_are_understood(source, bring_in, picture, write) -> None:
    for part in ("train", "valid"):
        picture(source / part / "images" / "a.jpg")
        write(source / part / "labels" / "a.txt", ROWS)
    write(source / "data.yaml", "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnames: [cat, dog]")
    (source / "test" / "images").mkdir(parents=True)
    dataset = bring_in("yolo", source)
    assert dataset.split.parts == {TRAIN: ("a",), VALIDATION: ("a_2",)}
    assert all(len(record.things) == 2 for record in dataset.records)


def test_settings_that_name_the_same_pictures_for_all_parts_split_nothing(yolo, bring_in, tmp_path, write) -> None:
    write(yolo / "data.yaml", "train: images\nval: images\nnames: [cat, dog]")
    dataset = bring_in("yolo", yolo)
    assert dataset.split is None and len(dataset.records) == 4
    export("yolo", dataset, tmp_path / "out")
    again = bring_in("yolo", tmp_path / "out", "again")
    assert again.split is None and len(again.records) == 4


@pytest.mark.parametrize("classes", ["classes.txt", "labels/classes.txt"])
@pytest.mark.parametrize("folder", ["images", "."])
def test_pictures_of_no_part_may_lie_beside_a_list_of_classes(
    source, bring_in, picture, write, classes: str, folder: str
) -> None:
    picture(source / folder / "a.jpg")
    write(source / ("labels" if folder == "images" else ".") / "a.txt", ROWS)
    write(source / classes, "cat\ndog\n")
    (record,) = bring_in("yolo", source).records
    assert (record.id, len(record.things)) == ("a", 2)


def test_among_polygons_a_box_is_written_as_one(yolo, bring_in, write, tmp_path) -> None:
    write(yolo / "labels" / "train" / "a.txt", f"1 0.5 0.5 0.5 0.5\n{OUTLINES}")
    export("yolo", bring_in("yolo", yolo), tmp_path / "out")
    written = (tmp_path / "out" / "labels" / "train" / "a.txt").read_text()
    assert written == f"1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n{OUTLINES}"


def test_a_mask_that_is_no_polygon_becomes_an_outline_and_that_is_said(
    source, bring_in, tmp_path, caplog, picture, write
) -> None:
    picture(source / "images" / "a.png", 100, 80)
    mask = np.zeros((80, 100), np.bool_)
    mask[20:60, 30:70] = mask[0, 0] = True
    thing = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 70, 60], "segmentation": encoded(mask)}
    said = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [thing]}
    write(source / "instances.json", str({**said, "categories": [{"id": 1, "name": "box"}]}).replace("'", '"'))
    export("yolo", bring_in("coco", source), tmp_path / "out")
    assert "the outline of the largest part" in caplog.text
    (thing,) = bring_in("yolo", tmp_path / "out", "again").records[0].things
    assert thing.box == pytest.approx((30, 20, 70, 60), abs=0.51)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2 0.5 0.5 1 1", "got class 2, expected 0 to 1"),
        ("-1 0.5 0.5 1 1", "got class -1"),
        ("0.5 0.5 0.5 1 1", "got class 0.5"),
        ("dog 0.5 0.5 1 1", "expected 5 numbers"),
        ("0 0.5 0.5 nan 1", "expected 5 finite numbers"),
        ("0 320 240 100 100", "got 320, expected shares"),
        ("0 0.5 0.5 -0.001 0.1", "got a box from"),
        ("0 0.5 0.5 1", "got 4 numbers"),
        ("0 0.5 0.5 1 1 0.9", "got 6 numbers"),
    ],
)
def test_a_row_that_is_damaged_is_named(yolo, complaint, write, row: str, words: str) -> None:
    write(yolo / "data.yaml", "train: images/train\nnames: [cat, dog]")
    path = write(yolo / "labels" / "train" / "a.txt", f"\n{row}\n")
    message = complaint("yolo", yolo)
    assert words in message and f"{path}, line 2" in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("names: [cat", "is damaged"),
        ("[cat, dog]", "got list"),
        ("train: images/train", "got names None"),
        ("names: {0: cat, 2: dog}", "expected a list, or names by number"),
        ("names: [cat, cat]", "each once"),
        ("names: [cat, '', dog]", "each once"),
        ("names: {0: cat, one: dog}", "expected a list, or names by number"),
        ("names: [cat, dog]\nnc: 3", "as many as nc says"),
        ("names: [person]\nkpt_shape: [17, 3]", "are poses"),
        ("names: [cat, dog]\ntrain: nowhere.txt", "nowhere.txt does not exist"),
        ("names: [cat, dog]\ntrain: /etc", "expected one within"),
        ("names: [cat, dog]\ntrain: images/../../x", "expected one within"),
        ("names: [cat, dog]\ntrain: images\nval: images/val", "Leave it in one part"),
    ],
)
def test_settings_that_cannot_be_used_are_named(yolo, complaint, write, settings: str, words: str) -> None:
    write(yolo / "data.yaml", settings)
    assert words in complaint("yolo", yolo)


@pytest.mark.parametrize("line", ["../secret.jpg", "/etc/hostname", "images/train/../../../secret.jpg"])
def test_a_list_that_leaves_its_folder_is_refused(yolo, complaint, write, picture, line: str) -> None:
    picture(yolo.parent / "secret.jpg")
    write(yolo / "train.txt", f"{line}\n")
    write(yolo / "data.yaml", "train: train.txt\nnames: [cat, dog]")
    message = complaint("yolo", yolo)
    assert "expected one within" in message or "does not exist" in message


def test_a_picture_that_is_missing_is_named(yolo, complaint, write) -> None:
    write(yolo / "train.txt", "images/train/gone.jpg\n")
    write(yolo / "data.yaml", "train: train.txt\nnames: [cat, dog]")
    assert "gone.jpg does not exist" in complaint("yolo", yolo)


def test_a_picture_that_is_none_is_named(yolo, complaint) -> None:
    (yolo / "images" / "train" / "a.jpg").write_bytes(b"no picture")
    assert "a.jpg is no picture" in complaint("yolo", yolo)


def test_a_link_out_of_the_folder_is_refused(yolo, complaint, write) -> None:
    (yolo / "labels" / "train" / "a.txt").unlink()
    (yolo / "labels" / "train" / "a.txt").symlink_to(write(yolo.parent / "outside.txt", ROWS))
    assert "a link that leaves" in complaint("yolo", yolo)


def test_a_folder_that_is_no_yolo_is_named(source, complaint) -> None:
    assert "no data.yaml and no classes.txt" in complaint("yolo", source)


def test_a_folder_without_pictures_is_named(source, complaint, write) -> None:
    write(source / "data.yaml", "names: [cat]")
    assert "got no picture" in complaint("yolo", source)
