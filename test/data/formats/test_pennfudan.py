"""Penn-Fudan comes in and goes out as it was, and damaged files are named."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from deep_perception.data.formats import export
from deep_perception.data.targets import mask_of

TEXT = """# Compatible with PASCAL Annotation Version 1.00
Image filename : "PennFudanPed/PNGImages/a.png"
Image size (X x Y x C) : 8 x 6 x 3
Database : "The Penn-Fudan-Pedestrian Database"
Objects with ground truth : 2 { "PASpersonWalking" "PASpersonStanding" }
# Top left pixel co-ordinates : (1, 1)
# Details for pedestrian 1 ("PASpersonWalking")
Original label for object 1 "PASpersonWalking" : "PennFudanPed"
Bounding box for object 1 "PASpersonWalking" (Xmin, Ymin) - (Xmax, Ymax) : (1, 2) - (3, 6)
Pixel mask for object 1 "PASpersonWalking" : "PennFudanPed/PedMasks/a_mask.png"

# Details for pedestrian 2 ("PASpersonStanding")
Original label for object 2 "PASpersonStanding" : "PennFudanPed"
Bounding box for object 2 "PASpersonStanding" (Xmin, Ymin) - (Xmax, Ymax) : (5, 1) - (8, 6)
Pixel mask for object 2 "PASpersonStanding" : "PennFudanPed/PedMasks/a_mask.png"

"""
NUMBERS = np.zeros((6, 8), np.uint8)
NUMBERS[1:6, 0:3], NUMBERS[0:6, 4:8] = 1, 2


@pytest.fixture
def people(source: Path, picture: Callable[..., Path], write: Callable[[Path, str], Path]) -> Path:
    """One picture of two people, and one that nobody looked at."""
    picture(source / "PNGImages" / "a.png")
    picture(source / "PNGImages" / "b.png")
    write(source / "Annotation" / "a.txt", TEXT)
    write(source / "added-object-list.txt", "# image name (\\t) object index\na.png\t2\n")
    (source / "PedMasks").mkdir()
    cv2.imwrite(str(source / "PedMasks" / "a_mask.png"), NUMBERS, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return source


def test_everything_comes_back_as_it_was(people, there_and_back, files_of) -> None:
    before, after = files_of(people), files_of(there_and_back("pennfudan", people))
    assert after.keys() == before.keys()
    assert after["Annotation/a.txt"].decode() == TEXT
    assert after["added-object-list.txt"].split()[-2:] == [b"a.png", b"2"]
    assert {name for name in before if before[name] != after[name]} <= {"added-object-list.txt"}


def test_boxes_are_those_of_the_text_and_agree_with_the_masks(people, bring_in) -> None:
    record, unseen = bring_in("pennfudan", people).records
    assert [thing.name for thing in record.things] == ["person", "person"]
    for number, thing in enumerate(record.things, 1):
        assert np.array_equal(mask_of(thing, record), number == NUMBERS)
        rows, columns = np.nonzero(number == NUMBERS)
        assert thing.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert unseen.things is None


def test_what_came_from_elsewhere_is_written_with_its_own_classes(source, bring_in, tmp_path, picture, write) -> None:
    picture(source / "images" / "a.jpg")
    write(source / "labels" / "a.txt", "0 0.5 0.5 0.5 0.5\n1 0.25 0.5 0.25 1\n")
    write(source / "data.yaml", "names: [dog, person]")
    export("pennfudan", bring_in("yolo", source), tmp_path / "out")
    (record,) = bring_in("pennfudan", tmp_path / "out", "again").records
    assert record.image.endswith(".png")
    assert [(thing.name, thing.box, thing.mask) for thing in record.things] == [
        ("dog", (2, 2, 6, 4), None),
        ("person", (1, 0, 3, 6), None),
    ]


def test_fractions_and_parts_are_named_as_lost(source, bring_in, tmp_path, picture, write, caplog) -> None:
    picture(source / "images" / "train" / "a.jpg")
    write(source / "labels" / "train" / "a.txt", "0 0.5 0.5 0.51 0.5\n")
    write(source / "data.yaml", "train: images/train\nnames: [dog]")
    export("pennfudan", bring_in("yolo", source), tmp_path / "out")
    assert "fractions of pixels in boxes (1 pictures)" in caplog.text
    assert "which part a picture is of" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("8 x 6 x 3", "9 x 6 x 3", "got the image size 9x6, but its picture is 8x6"),
        ("Image size", "", "got the image size none"),
        ("truth : 2", "truth : 3", "got 3 objects and boxes of [1, 2]"),
        ("Objects with ground truth", "", "got no count of objects"),
        ("(1, 2) - (3, 6)", "(1, 2) - (", "boxes of [2]"),
        ("(1, 2) - (3, 6)", "(4, 2) - (1, 6)", "object 1: got a box from"),
    ],
)
def test_an_annotation_that_is_damaged_is_named(people, complaint, write, old: str, new: str, words: str) -> None:
    path = write(people / "Annotation" / "a.txt", TEXT.replace(old, new))
    message = complaint("pennfudan", people)
    assert words in message and str(path) in message


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((8, 6), np.uint8), "is 6x8, expected 8x6"),
        (np.full((6, 8), 3, np.uint8), "names 2 people, but its mask has 3"),
        (np.zeros((6, 8, 3), np.uint8), "has mode RGB"),
    ],
)
def test_a_mask_that_does_not_fit_is_named(people, complaint, mask: np.ndarray, words: str) -> None:
    cv2.imwrite(str(people / "PedMasks" / "a_mask.png"), mask)
    assert words in complaint("pennfudan", people)


@pytest.mark.parametrize(
    ("name", "words"), [("PedMasks/a_mask.png", "cannot be read"), ("PNGImages/a.png", "not exist")]
)
def test_a_file_that_is_missing_is_named(people, complaint, name: str, words: str) -> None:
    (people / name).unlink()
    message = complaint("pennfudan", people)
    assert words in message and name in message


def test_a_folder_that_is_missing_is_named(source, complaint) -> None:
    assert "got no PNGImages/" in complaint("pennfudan", source)


def test_a_link_out_of_the_folder_is_refused(people, complaint, picture) -> None:
    (people / "PedMasks" / "a_mask.png").unlink()
    (people / "PedMasks" / "a_mask.png").symlink_to(picture(people.parent / "outside.png"))
    assert "a link that leaves" in complaint("pennfudan", people)


@pytest.mark.weights
@pytest.mark.slow
def test_the_real_data_come_back_as_they_were(shared_data: Path, there_and_back, files_of) -> None:
    out = there_and_back("pennfudan", shared_data / "PennFudanPed")
    names = [path.stem for path in sorted((shared_data / "PennFudanPed" / "PNGImages").iterdir())]
    assert len(names) == 170
    people = 0
    for name in names:
        folders = (shared_data / "PennFudanPed", out)
        texts = [(folder / "Annotation" / f"{name}.txt").read_text().split("\n") for folder in folders]
        before, after = ([line for line in text if line and not line.startswith("# Note")] for text in texts)
        assert after == [line for line in before if line != "# or have very small size."]
        people += sum(line.startswith("Bounding box") for line in after)
        for file in (f"PNGImages/{name}.png", f"PedMasks/{name}_mask.png"):
            assert np.array_equal(*(cv2.imread(str(folder / file), cv2.IMREAD_UNCHANGED) for folder in folders))
    assert people == 423
    lists = [sorted((folder / "added-object-list.txt").read_text().split("\n")[1:]) for folder in folders]
    assert lists[0] == lists[1]
