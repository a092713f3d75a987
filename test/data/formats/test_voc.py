"""Pascal VOC comes in and goes out as it was, and damaged files are named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import PIL.Image
import pytest
import torchvision

from deep_perception.data.dataset import TEST, TRAIN, VALIDATION
from deep_perception.data.formats import export
from deep_perception.data.formats.voc_masks import palette
from deep_perception.data.targets import decoded, label_map, mask_of
from deep_perception.predictions import UNLABELLED

XML = """<annotation>
  <folder>VOC2012</folder>
  <filename>a.jpg</filename>
  <source><database>The VOC2007 Database</database><image>flickr</image></source>
  <owner><flickrid>7</flickrid><name>?</name></owner>
  <size><width>8</width><height>6</height><depth>3</depth></size>
  <segmented>1</segmented>
  <object>
    <name>dog</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>3</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
    <part><name>foot</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>3</xmax><ymax>3</ymax></bndbox></part>
  </object>
  <object>
    <name>person</name><pose>Unspecified</pose><truncated>0</truncated><occluded>1</occluded><difficult>1</difficult>
    <bndbox><xmin>5.5</xmin><ymin>2</ymin><xmax>8</xmax><ymax>6</ymax></bndbox>
    <actions><jumping>1</jumping></actions>
  </object>
</annotation>"""

OBJECTS = np.zeros((6, 8), np.uint8)
OBJECTS[0:3, 0:4], OBJECTS[1:6, 5:8], OBJECTS[:, 4] = 1, 2, 255
CLASSES = np.array([0, 12, 15], np.uint8)[np.minimum(OBJECTS, 2)]
CLASSES[OBJECTS == 255] = 255


@pytest.fixture
def voc(source: Path, picture: Callable[..., Path], write: Callable[[Path, str], Path]) -> Path:
    """Three pictures: one with things, one with none, one that nobody looked at."""
    for name in ("a.jpg", "b.png", "c.jpg"):
        picture(source / "JPEGImages" / name)
    write(source / "Annotations" / "a.xml", XML)
    write(source / "Annotations" / "b.xml", "<annotation><filename>b.png</filename></annotation>")
    for kind, numbers in (("SegmentationClass", CLASSES), ("SegmentationObject", OBJECTS)):
        (source / kind).mkdir()
        mask = PIL.Image.fromarray(numbers)
        mask.putpalette(palette().tobytes())
        mask.save(source / kind / "a.png")
    for name, stems in (("train", "a"), ("val", "b"), ("test", "c"), ("trainval", "a\nb")):
        write(source / "ImageSets" / "Main" / f"{name}.txt", f"{stems}\n")
    return source


def said(element: ET.Element) -> Any:
    """What an element says, its children in any order."""
    children = sorted((child.tag, said(child)) for child in element)
    return children or (element.text or "").strip()


def test_annotations_come_back_as_they_were(voc, there_and_back) -> None:
    out = there_and_back("voc", voc)
    assert said(ET.parse(out / "Annotations" / "a.xml").getroot()) == said(ET.fromstring(XML))


def test_pictures_masks_and_lists_come_back_as_they_were(voc, there_and_back, files_of) -> None:
    out = there_and_back("voc", voc)
    before, after = files_of(voc), files_of(out)
    assert set(after) == {*before, "labelmap.txt"}
    assert all(after[name] == before[name] for name in before if name.startswith(("JPEGImages", "ImageSets")))
    for name in ("SegmentationClass/a.png", "SegmentationObject/a.png"):
        masks = [PIL.Image.open(folder / name) for folder in (voc, out)]
        assert np.array_equal(*map(np.asarray, masks))
        assert masks[0].getpalette() == masks[1].getpalette()


def test_a_box_from_pixel_1_to_pixel_4_is_4_wide_from_the_edge_of_the_picture(voc, bring_in) -> None:
    dog, person = bring_in("voc", voc).records[0].things
    assert (dog.box, person.box) == ((0, 0, 4, 3), (4.5, 1, 8, 6))


def test_objects_are_masked_in_the_order_of_the_annotation_and_pixels_have_classes(voc, bring_in) -> None:
    dataset = bring_in("voc", voc)
    record = dataset.records[0]
    assert [mask_of(thing, record).sum() for thing in record.things] == [12, 15]
    assert np.array_equal(mask_of(record.things[0], record), OBJECTS == 1)
    names = ("__background__", "person", "dog")
    assert np.unique(label_map(dataset, record, names).labels).tolist() == [0, 1, 2, UNLABELLED]


def test_difficult_things_do_not_count_and_parts_are_a_split(voc, bring_in) -> None:
    dataset = bring_in("voc", voc)
    assert [thing.ignored for thing in dataset.records[0].things] == [False, True]
    assert dataset.split.parts == {TRAIN: ("a",), VALIDATION: ("b",), TEST: ("c",)}


def test_an_empty_annotation_says_that_nothing_is_there_and_none_says_nothing(voc, bring_in) -> None:
    assert [record.things for record in bring_in("voc", voc).records[1:]] == [(), None]


def test_torchvision_reads_what_is_written(voc, bring_in, tmp_path: Path) -> None:
    export("voc", bring_in("voc", voc), tmp_path / "VOCdevkit" / "VOC2012")
    ((image, target),) = torchvision.datasets.VOCDetection(tmp_path, "2012", "train")
    assert image.size == (8, 6)
    assert [one["bndbox"]["xmax"] for one in target["annotation"]["object"]] == ["4", "8"]


def test_a_mask_of_classes_of_ones_own_is_named_by_its_label_map(voc, bring_in, write, tmp_path) -> None:
    PIL.Image.fromarray(np.full((6, 8), 1, np.uint8)).save(voc / "SegmentationClass" / "a.png")
    write(voc / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nmud:1,2,3::\ngrass:4,5,6::\n")
    dataset = bring_in("voc", voc)
    assert dataset.labels["pixels"] == ("__background__", "mud", "grass")
    export("voc", dataset, tmp_path / "out")
    assert bring_in("voc", tmp_path / "out", "again").labels == dataset.labels


def test_classes_of_pixels_get_the_numbers_of_a_data_set_that_has_others(voc, bring_in, write) -> None:
    PIL.Image.fromarray(np.full((6, 8), 1, np.uint8)).save(voc / "SegmentationClass" / "a.png")
    for names in ("background:::\nmud:::\n", "background:::\ngrass:::\n"):
        write(voc / "labelmap.txt", names)
        dataset = bring_in("voc", voc)
    labels = dataset.labels["pixels"]
    assert labels == ("__background__", "mud", "grass")
    masks = {record.id: label_map(dataset, record, labels).labels.max() for record in dataset.records if record.pixels}
    assert masks == {"a": 1, "a_2": 2}


def test_masks_that_overlap_are_named_as_lost(tmp_path, bring_in, caplog, source, picture, write) -> None:
    picture(source / "images" / "a.png")
    write(source / "labels" / "a.txt", "0 0 0 1 0 1 1 0 1\n0 0 0 0.5 0 0.5 1 0 1\n")
    write(source / "data.yaml", "names: [dog]")
    export("voc", bring_in("yolo", source), tmp_path / "out")
    assert "pixels that belong to several masks" in caplog.text
    first, second = bring_in("voc", tmp_path / "out", "again").records[0].things
    assert decoded(first.mask, 6, 8).all() and second.mask is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<object>", "<objec", "is damaged"),
        ("<annotation>", "<!DOCTYPE a [<!ENTITY b 'c'>]><annotation>", "defines XML entities"),
        ("<xmin>1</xmin><ymin>1</ymin><xmax>4", "<xmin>nan</xmin><ymin>1</ymin><xmax>4", "object 1, bndbox: got"),
        ("<xmin>1</xmin><ymin>1</ymin><xmax>4", "<ymin>1</ymin><xmax>4", "object 1, bndbox: got"),
        ("<xmax>4", "<xmax>-9", "object 1: got a box from"),
        ("<name>person", "<name>", "object 2: got no name"),
        ("<width>8", "<width>9", "got a size of 9x6, but its picture is 8x6"),
    ],
)
def test_an_annotation_that_is_damaged_is_named(voc, complaint, write, old: str, new: str, words: str) -> None:
    path = write(voc / "Annotations" / "a.xml", XML.replace(old, new))
    message = complaint("voc", voc)
    assert words in message and str(path) in message


def test_xml_that_is_something_else_is_named(voc, complaint, write) -> None:
    write(voc / "Annotations" / "a.xml", "<html/>")
    assert "got <html>" in complaint("voc", voc)


@pytest.mark.parametrize("kind", ["SegmentationClass", "SegmentationObject"])
@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((5, 8), np.uint8), "is 8x5, expected 8x6"),
        (np.full((6, 8), 99, np.uint8), "holds number 99"),
        (np.zeros((6, 8, 3), np.uint8), "has mode RGB"),
    ],
)
def test_a_mask_that_does_not_fit_is_named(voc, complaint, kind: str, mask: np.ndarray, words: str) -> None:
    PIL.Image.fromarray(mask).save(voc / kind / "a.png")
    assert words in complaint("voc", voc)


def test_a_mask_that_is_cut_short_is_named(voc, complaint) -> None:
    (voc / "SegmentationClass" / "a.png").write_bytes(b"\x89PNG")
    assert "cannot be read" in complaint("voc", voc)


def test_a_picture_that_is_missing_is_named(voc, complaint) -> None:
    (voc / "JPEGImages" / "a.jpg").unlink()
    assert "a.jpg does not exist" in complaint("voc", voc)


def test_two_pictures_for_one_annotation_are_named(voc, complaint, picture) -> None:
    picture(voc / "JPEGImages" / "a.png")
    assert "suffix aside" in complaint("voc", voc)


def test_a_list_of_what_is_not_there_is_named(voc, complaint, write) -> None:
    write(voc / "ImageSets" / "Main" / "val.txt", "b\n../../x\n")
    assert "val.txt, line 2: '../../x' has neither picture nor annotation" in complaint("voc", voc)


def test_a_picture_in_two_parts_is_named(voc, complaint, write) -> None:
    write(voc / "ImageSets" / "Main" / "val.txt", "a\n")
    assert "'a' is also in train" in complaint("voc", voc)


def test_a_label_map_without_background_is_named(voc, complaint, write) -> None:
    write(voc / "labelmap.txt", "mud:1,2,3::\n")
    assert "expected background" in complaint("voc", voc)


def test_a_link_out_of_the_folder_is_refused(voc, complaint, picture) -> None:
    (voc / "JPEGImages" / "d.png").symlink_to(picture(voc.parent / "outside.png"))
    assert "a link that leaves" in complaint("voc", voc)


def test_a_folder_that_is_no_voc_is_named(source, complaint) -> None:
    assert "expected the folders of Pascal VOC" in complaint("voc", source)


def test_the_palette_is_that_of_voc() -> None:
    assert palette()[[0, 1, 2, 15, 255]].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [192, 128, 128],
        [224, 224, 192],
    ]
