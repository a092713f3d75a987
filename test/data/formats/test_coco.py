"""COCO files come in and go out as they were, and damaged ones are named."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_coco_eval import COCO

from deep_perception.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from deep_perception.data.formats import export
from deep_perception.data.formats.coco_writing import distinct, extent
from deep_perception.data.targets import encoded, mask_of

BY, SHARE = {"id": 4, "name": "BY", "url": "u"}, {"id": 9, "name": "SA", "url": "v"}
DIAGONAL = np.eye(6, 8, dtype=np.bool_)
WHOLE: dict[str, Any] = {
    "info": {"description": "toys", "year": 2017},
    "licenses": [BY, SHARE],
    "categories": [
        {"id": 3, "name": "car", "supercategory": "vehicle"},
        {"id": 1, "name": "person", "supercategory": "living", "keypoints": ["nose"]},
        {"id": 90, "name": "never seen", "supercategory": "other"},
    ],
    "images": [
        {"id": 30, "file_name": "a.png", "width": 8, "height": 6, "license": 9, "coco_url": "x", "flickr_url": "y"},
        {"id": 7, "file_name": "sub/a.png", "width": 8, "height": 6, "license": 4},
        {"id": 8, "file_name": "empty.png", "width": 8, "height": 6},
    ],
    "annotations": [
        {
            "id": 500,
            "image_id": 30,
            "category_id": 3,
            "bbox": [0.1, 0.2, 3.3, 4.45],
            "area": 6.25,
            "iscrowd": 0,
            "segmentation": [[0.1, 0.2, 3.4, 0.2, 3.4, 4.65], [1, 1, 2, 1, 2, 2, 1, 2]],
        },
        {
            "id": 12,
            "image_id": 30,
            "category_id": 1,
            "bbox": [0, 0, 6, 6],
            "area": 6,
            "iscrowd": 1,
            "segmentation": {"size": [6, 8], "counts": [0, 1, 6, 1, 6, 1, 6, 1, 6, 1, 6, 1, 12]},
        },
        {
            "id": 13,
            "image_id": 7,
            "category_id": 1,
            "bbox": [0, 0, 6, 6],
            "area": 6,
            "iscrowd": 0,
            "segmentation": encoded(DIAGONAL),
            "keypoints": [1, 1, 2],
        },
        {"id": 14, "image_id": 7, "category_id": 3, "bbox": [1, 1, 2, 2], "area": 4, "iscrowd": 0, "segmentation": []},
    ],
}


@pytest.fixture
def coco(source: Path, picture: Callable[..., Path]) -> Callable[[dict[str, Any]], Path]:
    """Writes a COCO file beside its pictures."""

    def save(said: dict[str, Any], name: str = "instances.json") -> Path:
        for image in said.get("images", []):
            picture(source / "images" / image["file_name"])
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(json.dumps(said))
        return source

    return save


@pytest.fixture
def damaged(coco: Callable[..., Path], complaint: Callable[[str, Path], str]) -> Callable[..., str]:
    """Says why a COCO file is refused in which one entry is another."""

    def change(key: str, place: int, **entry: Any) -> str:
        said = copy.deepcopy(WHOLE)
        said[key][place].update(entry)
        return complaint("coco", coco(said))

    return change


def by_id(said: dict[str, Any]) -> dict[str, Any]:
    """The same COCO file, in which the order says nothing."""
    lists = ("images", "annotations", "categories", "licenses")
    return {key: sorted(value, key=lambda one: one["id"]) if key in lists else value for key, value in said.items()}


def test_a_coco_file_comes_back_as_it_was(coco, there_and_back) -> None:
    out = there_and_back("coco", coco(WHOLE))
    assert by_id(json.loads((out / "instances.json").read_text())) == by_id(WHOLE)


def test_the_pictures_come_back_under_their_names_byte_for_byte(coco, there_and_back, files_of) -> None:
    source = coco(WHOLE)
    assert files_of(there_and_back("coco", source) / "images") == files_of(source / "images")


def test_boxes_masks_and_crowds_mean_the_same_to_the_reference_reader(coco, bring_in, tmp_path) -> None:
    dataset = bring_in("coco", coco(WHOLE))
    reference = COCO(str(tmp_path / "source" / "instances.json"))
    assert sum(len(record.things) for record in dataset.records) == len(reference.anns)
    for record in dataset.records:
        for thing in record.things:
            expected = reference.anns[thing.more["id"]]
            x, y, width, height = expected["bbox"]
            assert thing.box == (x, y, x + width, y + height)
            assert thing.name == reference.cats[expected["category_id"]]["name"]
            assert thing.ignored == bool(expected["iscrowd"])
            if expected["segmentation"]:
                assert np.array_equal(mask_of(thing, record), reference.annToMask(expected).astype(bool))
            else:
                assert thing.mask is None


def test_an_image_without_annotations_is_one_that_shows_nothing(coco, bring_in) -> None:
    assert bring_in("coco", coco(WHOLE)).records[2].things == ()


def test_classes_keep_the_order_of_the_file_used_or_not(coco, bring_in) -> None:
    assert bring_in("coco", coco(WHOLE)).labels["things"] == ("__background__", "car", "person", "never seen")


def test_files_of_parts_become_a_split_and_come_back_as_such(coco, bring_in, tmp_path) -> None:
    first, second = ({**WHOLE, "images": WHOLE["images"][at : at + 2], "annotations": []} for at in (0, 1))
    coco(second, "annotations/instances_val2017.json")
    dataset = bring_in("coco", coco(first, "annotations/instances_train2017.json"))
    assert {part: len(ids) for part, ids in dataset.split.parts.items()} == {TRAIN: 2, VALIDATION: 2}
    export("coco", dataset, tmp_path / "out")
    for name, expected in (("train", first), ("val", second)):
        written = json.loads((tmp_path / "out" / "annotations" / f"instances_{name}.json").read_text())
        assert by_id(written) == by_id(expected)
        assert all((tmp_path / "out" / name / image["file_name"]).is_file() for image in written["images"])
    again = bring_in("coco", tmp_path / "out", "again")
    assert again.split.parts == dataset.split.parts


def test_one_file_can_be_named_instead_of_its_folder(coco, bring_in) -> None:
    coco({**WHOLE, "annotations": []}, "annotations/instances_test.json")
    dataset = bring_in("coco", coco(WHOLE, "annotations/other.json") / "annotations" / "instances_test.json")
    assert set(dataset.split.parts) == {TEST}


def test_what_a_model_said_is_still_its_own_after_a_trip_through_coco(coco, bring_in, tmp_path) -> None:
    said = copy.deepcopy(WHOLE)
    said["annotations"][3] |= {"score": 0.25, "source": "model"}
    said["images"][1] |= {"stamp_ns": 17, "recording": "bag", "camera": "/c", "frame_id": "f"}
    dataset = bring_in("coco", coco(said))
    record = dataset.records[1]
    assert (record.things[1].score, record.things[1].source) == (0.25, "model")
    assert (record.stamp_ns, record.recording, record.camera, record.frame_id) == (17, "bag", "/c", "f")
    export("coco", dataset, tmp_path / "out")
    assert by_id(json.loads((tmp_path / "out" / "instances.json").read_text())) == by_id(said)


def test_two_files_with_the_same_numbers_get_different_ones_in_one_data_set(coco, bring_in, tmp_path) -> None:
    bring_in("coco", coco(WHOLE))
    other = copy.deepcopy(WHOLE)
    other["licenses"] = [{**BY, "name": "another"}]
    other["images"] = [{**WHOLE["images"][1], "file_name": "new.png"}]
    other["categories"] = [{"id": 3, "name": "dog"}]
    other["annotations"] = [{**WHOLE["annotations"][3], "image_id": 7}]
    export("coco", bring_in("coco", coco(other)), tmp_path / "out")
    said = json.loads((tmp_path / "out" / "instances.json").read_text())
    for key in ("images", "annotations", "categories", "licenses"):
        assert len({one["id"] for one in said[key]}) == len(said[key])
    new = next(image for image in said["images"] if image["file_name"] == "new.png")
    (thing,) = (one for one in said["annotations"] if one["image_id"] == new["id"])
    assert next(one["name"] for one in said["categories"] if one["id"] == thing["category_id"]) == "dog"
    assert next(one["name"] for one in said["licenses"] if one["id"] == new["license"]) == "another"


def test_things_of_no_coco_file_get_numbers_and_areas(coco, bring_in, tmp_path, source, picture, write) -> None:
    picture(source / "images" / "a.png")
    write(source / "labels" / "a.txt", "1 0.5 0.5 0.5 0.5\n")
    write(source / "data.yaml", "names: [cat, dog]")
    export("coco", bring_in("yolo", source), tmp_path / "out")
    reference = COCO(str(tmp_path / "out" / "instances.json"))
    assert {one["id"]: one["name"] for one in reference.cats.values()} == {1: "cat", 2: "dog"}
    (thing,) = reference.anns.values()
    assert (thing["category_id"], thing["bbox"], thing["area"]) == (2, [2, 1.5, 4, 3], 12)


@pytest.mark.parametrize(("low", "width"), [(0.1, 0.2), (204.86, 123.45), (0, 1 / 3), (473.07, 0.01), (5, 0)])
def test_the_width_of_a_box_is_what_it_was_digit_for_digit(low: float, width: float) -> None:
    assert extent(low, low + width) == width


def test_numbers_are_kept_where_they_are_free() -> None:
    assert distinct([7, None, 7, 3, "x"]) == [7, 8, 9, 3, 10]


@pytest.mark.parametrize("licences", [None, 5, {"id": 4}, ["CC0"], [{"name": "no number"}]])
def test_licences_that_others_write_otherwise_do_no_harm(coco, there_and_back, licences: Any) -> None:
    out = there_and_back("coco", coco({**WHOLE, "licenses": licences}))
    assert [one.get("license") for one in json.loads((out / "instances.json").read_text())["images"]] == [9, 4, None]


def test_a_file_cut_short_is_named(source: Path, complaint) -> None:
    (source / "instances.json").write_text(json.dumps(WHOLE)[:100])
    assert complaint("coco", source).startswith(f"{source / 'instances.json'} is damaged")


def test_a_folder_without_coco_is_named(source: Path, complaint) -> None:
    assert "no JSON file" in complaint("coco", source)


def test_a_file_without_its_lists_is_named(source: Path, complaint) -> None:
    for text, words in (("[]", "got a list"), ("{}", "no list of categories")):
        (source / "instances.json").write_text(text)
        assert words in complaint("coco", source)


def test_a_category_that_is_not_there_is_named(damaged) -> None:
    assert "annotation 12: category 2 is not among its categories (1, 3, 90" in damaged("annotations", 1, category_id=2)


def test_an_image_that_is_not_listed_is_named(damaged) -> None:
    assert "annotation 12: image 99 is not among its images" in damaged("annotations", 1, image_id=99)


@pytest.mark.parametrize("bbox", [[0, 0, float("nan"), 1], [0, 0, 1], None, [0, 0, "wide", 1], [0, 0, 1e999, 1]])
def test_a_box_that_is_none_is_named(damaged, bbox: Any) -> None:
    assert "annotation 12, bbox: got" in damaged("annotations", 1, bbox=bbox)


def test_a_box_that_ends_before_it_begins_is_named(damaged) -> None:
    assert "annotation 12: got a box from (5" in damaged("annotations", 1, bbox=[5, 5, -1, 1])


@pytest.mark.parametrize(
    "mask",
    [
        {"size": [8, 6], "counts": [48]},
        {"size": [6, 8], "counts": [4]},
        {"size": [6, 8], "counts": "zzzz"},
        {"size": [6, 8], "counts": [-1, 49]},
        {"size": [6, 8]},
        {"counts": [48]},
        "48",
    ],
)
def test_a_mask_of_another_size_or_of_nonsense_is_named(damaged, mask: Any) -> None:
    assert "annotation 12: its mask cannot be drawn" in damaged("annotations", 1, segmentation=mask)


@pytest.mark.parametrize(
    "polygon", [[0, 0, 1, 1], [0, 0, 1, 1, 2], [0, 0, 1, float("nan"), 2, 2], [0, 0, 1e9, 0, 1, 1], 5]
)
def test_a_polygon_that_cannot_be_drawn_is_named(damaged, polygon: Any) -> None:
    assert "annotation 12" in damaged("annotations", 1, segmentation=[polygon])


def test_a_number_that_two_entries_have_is_named(damaged) -> None:
    assert "annotations[1]: the id 500 is there twice" in damaged("annotations", 1, id=500)


def test_an_image_of_another_size_than_its_file_is_named(damaged) -> None:
    assert "image 30: got 6x8, but 'a.png' is 8x6" in damaged("images", 0, width=6, height=8)


def test_a_picture_that_is_missing_is_named(coco, source: Path, complaint) -> None:
    coco(WHOLE)
    (source / "images" / "empty.png").unlink()
    assert "image 8: the picture 'empty.png' is in none of" in complaint("coco", source)


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "sub/../../outside.png"])
def test_a_picture_outside_its_folder_is_refused(source: Path, picture, complaint, name: str) -> None:
    picture(source.parent / "outside.png")
    image = {"id": 1, "file_name": name}
    (source / "instances.json").write_text(json.dumps({"images": [image], "annotations": [], "categories": []}))
    assert "expected one within" in complaint("coco", source)


def test_a_link_out_of_its_folder_is_refused(source: Path, picture, complaint) -> None:
    (source / "a.png").symlink_to(picture(source.parent / "outside.png"))
    image = {"id": 1, "file_name": "a.png"}
    (source / "instances.json").write_text(json.dumps({"images": [image], "annotations": [], "categories": []}))
    assert "a link that leaves" in complaint("coco", source)


@pytest.mark.weights
def test_real_coco_pictures_come_back_as_they_were(shared_data: Path, there_and_back, bring_in) -> None:
    out = there_and_back("coco", shared_data / "coco33")
    before, after = (json.loads((one / "instances.json").read_text()) for one in (shared_data / "coco33", out))
    assert (len(after["images"]), len(after["annotations"])) == (33, 246)
    assert by_id(after) == by_id(before)


@pytest.mark.weights
def test_real_coco_masks_are_those_of_the_reference_reader(shared_data: Path, bring_in) -> None:
    dataset: Dataset = bring_in("coco", shared_data / "coco33")
    reference = COCO(str(shared_data / "coco33" / "instances.json"))
    for record in dataset.records:
        for thing in record.things:
            expected = reference.annToMask(reference.anns[thing.more["id"]]).astype(bool)
            assert np.array_equal(mask_of(thing, record), expected)
