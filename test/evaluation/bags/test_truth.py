"""The truth about pictures is found by their stamps, wherever it was written down."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_making import SECOND, START, classification, detections, label_info, numbers, raw, shade, write

from deep_perception.data.record import MODEL, Record, Tag, Thing
from deep_perception.data.recordings import Recording, pictures
from deep_perception.data.writer import Writer
from deep_perception.errors import ImageError, InputError
from deep_perception.evaluation.bags.truth import Known, Truth, open_truth
from deep_perception.predictions import Instances

DETECTION, CLASSES, INSTANCES = "detection", "classification", "instance_segmentation"
MAPS, COLOURS = "semantic_segmentation", "colorization"
IMAGE = shade(0)
MUG = ("mug", 0.5, (4, 3, 2, 4))
CORNERS = [3, 1, 5, 5]
Bag = Callable[..., Recording]


def stamp(second: int) -> int:
    return (START + second) * SECOND + 250


@pytest.fixture
def bag(tmp_path: Path) -> Bag:
    """Writes and opens a recording of two pictures, and of these topics."""

    def make(**topics: Any) -> Recording:
        named = {f"/{name.replace('__', '/')}": messages for name, messages in topics.items()}
        return Recording(write(tmp_path / "drive", {"/image": [raw(0), raw(1)], **named}))

    return make


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Any], str]:
    """Writes JSON."""

    def save(said: Any) -> str:
        (tmp_path / "truth.json").write_text(json.dumps(said))
        return str(tmp_path / "truth.json")

    return save


@pytest.fixture
def data_set(tmp_path: Path) -> Callable[..., str]:
    """Writes a data set of 8x6 pictures."""

    def save(*records: dict[str, Any], labels: dict[str, tuple[str, ...]]) -> str:
        with Writer(tmp_path / "dataset", durable=False) as writer:
            for kind, names in labels.items():
                writer.add_names(kind, names)
            for number, fields in enumerate(records):
                writer.add(Record(str(number), ".png", 8, 6, **fields), shade(number))
        return str(tmp_path / "dataset")

    return save


def of(truth: Truth, second: int, camera: str = "/image", image: Any = IMAGE) -> Any:
    known = truth.of(stamp(second), camera, image)
    assert isinstance(known, Known)
    return known.target


def complaint(said: str, recording: Recording, task: str, **how: Any) -> str:
    with pytest.raises(InputError) as caught:
        open_truth(said, recording, task, **how)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_boxes_on_a_topic_are_those_of_exactly_the_stamp(bag: Bag) -> None:
    truth = open_truth("/truth", bag(truth=[detections(0), detections(1, MUG, ("cup", 0.1, (0, 0, 4, 4)))]), DETECTION)
    assert truth.names == ("cup", "mug")
    assert len(of(truth, 0)) == 0
    assert of(truth, 1).boxes.tolist() == [CORNERS, [0, 0, 2, 2]]
    assert (of(truth, 1).labels.tolist(), of(truth, 1).scores.tolist()) == ([1, 0], [1, 1])
    assert truth.of(stamp(2), "/image", IMAGE) is None


def test_truth_that_no_picture_asked_for_is_told(bag: Bag) -> None:
    truth = open_truth("truth", bag(truth=[detections(second, MUG) for second in (0, 1, 7, 5)]), DETECTION)
    for one in (0, 0, 1):
        of(truth, one)
    assert truth.unused() == (stamp(5), stamp(7))


def test_boxes_without_a_class_get_the_one_that_the_user_gives(bag: Bag) -> None:
    recording = bag(truth=[detections(0, ("", 1.0, (4, 3, 2, 4)))])
    assert "Say what they are with --truth-label" in complaint("/truth", recording, DETECTION)
    truth = open_truth("/truth", recording, DETECTION, label="mug")
    assert (truth.names, of(truth, 0).boxes.tolist()) == (("mug",), [CORNERS])


def test_classes_that_are_told_as_numbers_are_named(bag: Bag) -> None:
    told = [detections(0, ("1", 1.0, (4, 3, 2, 4)), ("fork", 1.0, (4, 3, 2, 4)))]
    recording = bag(
        eye__truth=told, eye__label_info=[label_info(0, "cup", "mug")], label_info=[label_info(0, "a", "b")]
    )
    assert open_truth("/eye/truth", recording, DETECTION).names == ("fork", "mug")


def test_names_that_nobody_recorded_are_those_of_the_model(bag: Bag) -> None:
    recording = bag(truth=[classification(0, **{"1": 0.9})])
    assert open_truth("/truth", recording, CLASSES, labels=("cup", "mug")).names == ("mug",)


def test_the_best_class_on_a_topic_is_the_true_one(bag: Bag) -> None:
    truth = open_truth("/truth", bag(truth=[classification(0, mug=0.25, cup=0.5), classification(1)]), CLASSES)
    assert truth.names == ("cup",)
    assert (of(truth, 0).labels.tolist(), of(truth, 0).scores.tolist()) == ([0], [1])
    assert len(of(truth, 1)) == 0


def test_masks_have_the_names_that_were_recorded_with_them(bag: Bag) -> None:
    mask = np.full((6, 8), 255, np.uint8)
    mask[:3], mask[3, 0] = 2, 9
    recording = bag(mask=[numbers(0, mask)], label_info=[label_info(0, "table", "floor", "mug")])
    truth = open_truth("/mask", recording, MAPS)
    assert truth.names == ("table", "floor", "mug")
    assert np.unique(of(truth, 0).labels).tolist() == [2, 255]  # 9 is nothing that has a name
    assert (of(truth, 0).labels[:3] == 2).all()


def test_masks_without_names_take_those_of_the_model_or_are_refused(bag: Bag) -> None:
    recording = bag(mask=[numbers(0, np.ones((6, 8), np.uint8))])
    truth = open_truth("/mask", recording, MAPS, labels=("table", "floor"))
    assert (truth.names, of(truth, 0).labels[0, 0]) == (("table", "floor"), 1)
    assert "Record its label_info as well" in complaint("/mask", recording, MAPS)


def test_a_mask_of_another_size_is_named_when_its_picture_comes(bag: Bag) -> None:
    truth = open_truth("/mask", bag(mask=[numbers(0, np.ones((3, 4), np.uint8))]), MAPS, labels=("table", "floor"))
    with pytest.raises(ImageError, match="got uint8 of 4x3, expected uint8 of the picture's 8x6"):
        of(truth, 0)


def test_instances_have_the_pixels_that_carry_their_number(bag: Bag) -> None:
    mask = np.zeros((6, 8), np.uint16)
    mask[1:5, 3:5], mask[0, 0] = 2, 1
    nothing = ("", 1.0, (0, 0, 0, 0))  # is no thing, and still the first
    recording = bag(eye__detections=[detections(0, nothing, MUG)], eye__instance_mask=[numbers(0, mask)])
    found = of(open_truth("/eye/detections", recording, INSTANCES, label="any"), 0)
    assert isinstance(found, Instances)
    assert np.array_equal(found.masks, (mask == 2)[None])


def test_a_picture_without_instances_needs_no_mask(bag: Bag) -> None:
    masks = [numbers(0, np.zeros((6, 8), np.uint16))]
    truth = open_truth("/truth", bag(truth=[detections(0, MUG), detections(1)], instance_mask=masks), INSTANCES)
    assert of(truth, 1).masks.shape == (0, 6, 8)


def test_instances_need_a_mask_of_each_stamp(bag: Bag) -> None:
    masks = [numbers(0, np.zeros((6, 8), np.uint16))]
    recording = bag(truth=[detections(0, MUG), detections(1, MUG), detections(2)], instance_mask=masks)
    assert "needs masks of its stamps on /instance_mask, mono16, which lacks 1" in complaint(
        "/truth", recording, INSTANCES
    )


def test_pictures_are_their_own_truth_or_those_of_another_topic(bag: Bag) -> None:
    recording = bag(colour=[raw(0, 7)])
    (first, _) = pictures(recording, "/image")
    image = first.decode()
    assert np.array_equal(of(open_truth("images", recording, COLOURS), 0, image=image).image, image)
    assert np.array_equal(of(open_truth("/colour", recording, COLOURS), 0, image=image).image, shade(7))
    assert "'images' tells nothing for detection" in complaint("images", recording, DETECTION)


def test_boxes_in_a_file_by_stamp_are_of_the_class_that_the_user_gives(bag: Bag, file: Any) -> None:
    said = file({str(stamp(1)): {"image": "x", "boxes_xyxy": [CORNERS]}})
    recording = bag()
    truth = open_truth(said, recording, DETECTION, label="person")
    assert (truth.names, of(truth, 1).boxes.tolist()) == (("person",), [CORNERS])
    assert truth.of(stamp(0), "/image", IMAGE) is None
    assert "say what all are with --truth-label" in complaint(said, recording, DETECTION)
    assert "boxes by stamp have no masks" in complaint(said, recording, INSTANCES, label="person")


@pytest.mark.parametrize("image", [{"file_name": f"{stamp(1)}.jpg"}, {"file_name": "x.jpg", "stamp_ns": stamp(1)}])
def test_a_coco_file_is_keyed_by_stamps_and_its_crowds_do_not_count(bag: Bag, file: Any, image: Any) -> None:
    annotations = [
        {"id": 1, "image_id": 5, "category_id": 2, "bbox": [1, 1, 2, 3], "segmentation": [[1, 1, 3, 1, 3, 4, 1, 4]]},
        {"id": 2, "image_id": 5, "category_id": 9, "bbox": [0, 0, 8, 6], "iscrowd": 1},
    ]
    categories = [{"id": 2, "name": "mug"}, {"id": 9, "name": "cup"}]
    said = file({"images": [{"id": 5, **image}], "annotations": annotations, "categories": categories})
    recording = bag()
    truth = open_truth(said, recording, DETECTION)
    known = truth.of(stamp(1), "/image", IMAGE)
    assert known is not None and known.ignored is not None
    assert (truth.names, known.target.boxes.tolist()) == (("mug", "cup"), [[1, 1, 3, 4]])
    assert known.ignored.boxes.tolist() == [[0, 0, 8, 6]]
    assert of(open_truth(said, recording, INSTANCES), 1).masks.sum() == 6


def test_a_coco_file_without_stamps_is_refused(bag: Bag, file: Any) -> None:
    said = file({"images": [{"id": 5, "file_name": "kitchen.jpg"}], "annotations": [], "categories": []})
    assert "got the picture 'kitchen', expected its stamp" in complaint(said, bag(), DETECTION)


def test_a_data_set_tells_cameras_and_recordings_of_one_stamp_apart(tmp_path: Path, data_set: Any) -> None:
    recording = Recording(write(tmp_path / "drive", {"/left": [raw(0)], "/right": [raw(0)]}))
    mug, cup = (Thing(name, (1, 1, 3, 4)) for name in ("mug", "cup"))
    seen = partial(dict, stamp_ns=stamp(0))
    said = data_set(
        seen(recording="drive", camera="/right", things=(mug,)),
        seen(recording="other", camera="/left", things=(cup, cup)),
        seen(recording="drive", camera="/left", things=(cup,)),
        labels={"things": ("mug", "cup")},
    )
    truth = open_truth(said, recording, DETECTION)
    assert of(truth, 0, "/right").labels.tolist() == [0]
    assert of(truth, 0, "/left").labels.tolist() == [1]
    assert truth.unused() == (stamp(0),)


def test_a_data_set_that_calls_the_camera_otherwise_is_found_by_stamp_alone(bag: Bag, data_set: Any) -> None:
    said = data_set({"stamp_ns": stamp(0), "camera": "front", "tags": (Tag("mug"),)}, labels={"tags": ("cup", "mug")})
    truth = open_truth(said, bag(), CLASSES)
    assert (truth.names, of(truth, 0).labels.tolist()) == (("cup", "mug"), [1])


def test_what_is_known_of_one_camera_is_not_taken_for_another(tmp_path: Path, data_set: Any) -> None:
    recording = Recording(write(tmp_path / "drive", {"/left": [raw(0)], "/right": [raw(0)]}))
    said = data_set({"stamp_ns": stamp(0), "camera": "/left", "things": ()}, labels={"things": ("mug",)})
    truth = open_truth(said, recording, DETECTION)
    assert truth.of(stamp(0), "/right", IMAGE) is None
    assert len(of(truth, 0, "/left")) == 0


def test_of_a_data_set_only_what_people_said_counts(bag: Bag, data_set: Any) -> None:
    guess = Thing("cup", (1, 1, 3, 4), 0.9, MODEL)
    said = data_set(
        {"stamp_ns": stamp(0), "things": (Thing("mug", (0, 0, 2, 2)), guess)},
        {"stamp_ns": stamp(1), "things": (guess,), "things_source": MODEL},
        labels={"things": ("mug", "cup")},
    )
    truth = open_truth(said, bag(), DETECTION)
    known = truth.of(stamp(0), "/image", IMAGE)
    assert known is not None and known.ignored is not None
    assert (known.target.labels.tolist(), known.ignored.labels.tolist()) == ([0], [1])
    assert truth.of(stamp(1), "/image", IMAGE) is None


def test_a_data_set_without_labels_for_the_task_is_refused(bag: Bag, data_set: Any) -> None:
    said = data_set({"stamp_ns": stamp(0), "tags": (Tag("mug"),)}, labels={"tags": ("mug",)})
    assert "of 1 pictures, people labelled 0 for detection" in complaint(said, bag(), DETECTION)


def test_labels_of_pictures_of_another_size_are_named(bag: Bag, data_set: Any) -> None:
    said = data_set({"stamp_ns": stamp(0), "things": ()}, labels={"things": ("mug",)})
    with pytest.raises(ImageError, match="was labelled at 8x6, the recording holds 4x4"):
        open_truth(said, bag(), DETECTION).of(stamp(0), "/image", np.zeros((4, 4, 3), np.uint8))


def test_what_cannot_be_the_truth_is_named_with_what_can(bag: Bag, file: Any) -> None:
    recording = bag(truth=[detections(0)], mask=[numbers(0, np.ones((6, 8), np.uint8))])
    assert "/mask holds sensor_msgs/msg/Image, expected vision_msgs" in complaint("/mask", recording, DETECTION)
    assert "Topics there that may tell what is true: /truth" in complaint("/trut", recording, DETECTION)
    assert "a file tells things, which is no truth for classification" in complaint(file({}), recording, CLASSES)
    assert "may tell what is true: none" in complaint("nowhere.json", recording, CLASSES)


def test_a_damaged_message_of_truth_is_named_before_anything_is_scored(bag: Bag) -> None:
    second, kind, data = detections(0, MUG)
    assert "on /truth the message is damaged" in complaint("/truth", bag(truth=[(second, kind, data[:60])]), DETECTION)


@pytest.mark.weights
def test_the_true_boxes_of_a_real_recording_belong_to_its_pictures(shared_data: Path) -> None:
    recording = Recording(shared_data / "bags" / "pennfudan20_db3")
    said = shared_data / "bags" / "pennfudan20_gt.json"
    truth = open_truth(str(said), recording, DETECTION, label="person")
    for one in pictures(recording, "/camera/image_raw"):
        assert one.stamp_ns is not None
        known = truth.of(one.stamp_ns, "/camera/image_raw", one.decode())
        assert known is not None and len(known.target) > 0
    assert (truth.names, truth.unused()) == (("person",), ())
