"""Recordings give their pictures and what was said at exactly their stamps."""

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from bag_making import SECOND, START, classification, compressed, detections, file, raw, shade, write
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from deep_perception.data.extraction import extract
from deep_perception.data.formats.format import Draft
from deep_perception.data.formats.importing import bring_in
from deep_perception.data.media import frames
from deep_perception.data.record import HUMAN, MODEL
from deep_perception.data.targets import image_of
from deep_perception.data.vision_messages import types
from deep_perception.data.writer import Writer as DatasetWriter
from deep_perception.errors import InputError


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Writes a recording of these topics."""
    return partial(write, tmp_path / "drive")


@pytest.fixture
def file_of_truth(tmp_path: Path) -> Callable[[Any], Path]:
    """Writes JSON."""

    def write(said: Any) -> Path:
        path = tmp_path / "truth.json"
        path.write_text(json.dumps(said))
        return path

    return write


def drafts(path: Path, **how: Any) -> list[Draft]:
    return list(extract(path, **how).drafts)


def complaint(path: Path, **how: Any) -> str:
    with pytest.raises(InputError) as caught:
        extract(path, **how)
    return str(caught.value)


@pytest.mark.parametrize(
    ("storage", "mode"),
    [
        (StoragePlugin.MCAP, CompressionMode.NONE),
        (StoragePlugin.MCAP, CompressionMode.FILE),
        (StoragePlugin.SQLITE3, CompressionMode.NONE),
        (StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
        (StoragePlugin.SQLITE3, CompressionMode.FILE),
    ],
)
def test_every_kind_of_recording_gives_pictures_with_stamp_recording_camera_and_frame(record, storage, mode) -> None:
    first, second = drafts(record({"/front/image_raw": [raw(0, 10), raw(1, 20)]}, storage, mode))
    assert np.array_equal(first.image, shade(10)) and np.array_equal(second.image, shade(20))
    one = second.record
    assert (one.id, one.image, one.width, one.height) == ("drive_000001", ".png", 8, 6)
    assert (one.stamp_ns, one.recording) == ((START + 1) * SECOND + 250, "drive")
    assert (one.camera, one.frame_id, one.things) == ("/front/image_raw", "camera", None)


def test_pictures_have_the_names_that_other_programs_of_this_package_give_them(record) -> None:
    path = record({"/image": [raw(0), raw(1), raw(2)]})
    assert [one.record.id for one in drafts(path, stride=2)] == [one.name for one in frames(path, stride=2)]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_the_bytes_of_compressed_pictures_are_kept_as_they_are(record, tmp_path, suffix: str) -> None:
    content = file(suffix, shade(90))
    path = record({"/image": [compressed(0, content)]})
    with DatasetWriter(tmp_path / "dataset", durable=False) as writer:
        assert bring_in("recording", extract(path), writer, lambda done, total: None) == 1
    assert (tmp_path / "dataset" / "images" / f"drive_000000{suffix}").read_bytes() == content


def sideways() -> bytes:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    content = io.BytesIO()
    PIL.Image.fromarray(shade(90)).save(content, "JPEG", exif=exif)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (sideways(), "jpeg"),
        (file(".png", np.tile(np.array([[0, 200], [100, 0]], np.uint8), (3, 4))), "bayer_rggb8; png compressed"),
        (file(".png", np.full((6, 8), 30_000, np.uint16)), "mono16; png compressed"),
        (file(".tiff", shade(90)), "rgb8; tiff compressed rgb8"),
    ],
)
def test_pictures_that_others_would_see_differently_are_stored_as_they_were_taken(
    record, tmp_path, content: bytes, format: str
) -> None:
    path = record({"/image": [compressed(0, content, format)]})
    with DatasetWriter(tmp_path / "dataset", durable=False) as writer:
        bring_in("recording", extract(path), writer, lambda done, total: None)
        (stored,) = writer.records.values()
    (frame,) = frames(path)
    assert stored.image.endswith(".png") and (stored.width, stored.height) == (8, 6)
    assert np.array_equal(image_of(writer, stored), frame.image)


def test_things_are_those_of_exactly_the_stamp_and_of_a_model(record) -> None:
    found = detections(1, ("mug", 0.75, (4, 3, 2, 4)), ("cup", 0.5, (0, 0, 4, 4)))
    path = record({"/image": [raw(0), raw(1), raw(2)], "/detections": [detections(0), found, detections(9)]})
    nothing, some, unseen = (one.record for one in drafts(path, answers="detections"))
    assert (nothing.things, unseen.things) == ((), None)
    assert [(one.name, one.box, one.score, one.source) for one in some.things] == [
        ("mug", (3, 1, 5, 5), 0.75, MODEL),
        ("cup", (0, 0, 2, 2), 0.5, MODEL),
    ]
    assert nothing.things_source == MODEL


def test_humans_are_sure_of_what_they_say(record) -> None:
    path = record({"/image": [raw(0)], "/annotations": [detections(0, ("mug", 0.0, (4, 3, 2, 4)))]})
    (thing,) = drafts(path, answers="/annotations", source=HUMAN)[0].record.things
    assert (thing.score, thing.source) == (1, HUMAN)


def test_boxes_without_a_class_or_outside_the_picture_are_left_out(record) -> None:
    found = (("", 1.0, (4, 3, 2, 2)), ("mug", 1.0, (20, 3, 2, 2)), ("mug", 1.0, (float("nan"), 3, 2, 2)))
    path = record({"/image": [raw(0)], "/detections": [detections(0, *found)]})
    assert drafts(path, answers="/detections")[0].record.things == ()


def test_what_is_said_of_whole_pictures_becomes_tags_best_first(record) -> None:
    path = record({"/image": [raw(0), raw(1)], "/classification": [classification(0, mug=0.25, cup=0.5)]})
    first, second = (one.record for one in drafts(path, answers="/classification"))
    assert [(tag.name, tag.score, tag.source) for tag in first.tags] == [("cup", 0.5, MODEL), ("mug", 0.25, MODEL)]
    assert second.tags is None
    (tag,) = drafts(path, answers="/classification", source=HUMAN)[0].record.tags
    assert (tag.name, tag.score, tag.source) == ("cup", 1, HUMAN)


def test_boxes_in_a_file_by_stamp_are_the_truth_and_count_instead(record, file_of_truth) -> None:
    stamp = str(START * SECOND + 250)
    truth = file_of_truth({stamp: {"image": "x", "boxes_xyxy": [[1, 2, 3, 4]]}})
    said = [detections(second, ("cup", 0.5, (4, 3, 2, 2))) for second in (0, 1)]
    path = record({"/image": [raw(0), raw(1)], "/detections": said})
    first, second = (one.record for one in drafts(path, answers="/detections", truth=truth, name="mug"))
    assert [(one.name, one.box, one.source) for one in first.things] == [("mug", (1, 2, 3, 4), HUMAN)]
    assert (first.things_source, second.things[0].name, second.things_source) == (HUMAN, "cup", MODEL)


@pytest.mark.parametrize(
    "image",
    [
        {"file_name": "drive_000001.png"},
        {"file_name": f"{(START + 1) * SECOND + 250}.jpg"},
        {"file_name": "x.png", "stamp_ns": (START + 1) * SECOND + 250},
    ],
)
def test_a_coco_file_names_pictures_by_stamp_or_by_their_name(record, file_of_truth, image: dict[str, Any]) -> None:
    thing = {"id": 1, "image_id": 5, "category_id": 2, "bbox": [1, 1, 2, 3], "segmentation": [[1, 1, 3, 1, 3, 4]]}
    said = {"images": [{"id": 5, **image}], "annotations": [thing], "categories": [{"id": 2, "name": "mug"}]}
    content = extract(record({"/image": [raw(0), raw(1)]}), truth=file_of_truth(said))
    assert content.names == {"things": ("mug",)}
    first, second = (one.record for one in content.drafts)
    assert first.things is None
    assert [(one.name, one.box, one.mask) for one in second.things] == [("mug", (1, 1, 3, 4), [[1, 1, 3, 1, 3, 4]])]


def test_damaged_pictures_are_skipped_and_counted(record, caplog) -> None:
    content = file(".jpg", shade(90))
    found = drafts(record({"/image": [compressed(0, content[:-40]), compressed(1, content), compressed(2, b"")]}))
    assert [one.record.id for one in found] == ["drive_000001"]
    assert "skipped 2 of 3 pictures: 1 truncated, 1 empty" in caplog.text


def test_pictures_of_which_nothing_is_said_are_counted(record, caplog) -> None:
    drafts(record({"/image": [raw(0), raw(1)], "/detections": [detections(0)]}), answers="/detections")
    assert "of 1 of 2 pictures nothing is said" in caplog.text


def test_a_recording_that_cannot_be_used_is_named(record, tmp_path: Path) -> None:
    path = record({"/image": [raw(0)], "/other": [raw(0)], "/detections": [detections(0)]})
    assert "several image topics" in complaint(path)
    assert "unknown topic '/detektions'. Nearest: /detections" in complaint(path, topic="/image", answers="detektions")
    assert "/other holds sensor_msgs/msg/Image, expected" in complaint(path, topic="/image", answers="/other")
    assert "nowhere does not exist, expected a .mcap" in complaint(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([], "got a list"),
        ({"5": []}, "'5': got no list 'boxes_xyxy'"),
        ({"5": {"boxes_xyxy": [[1, 2, 3, 4]]}}, "'5': got no 'names' for 1 boxes"),
        ({"5": {"boxes_xyxy": [[1, 2, 3, 4]], "names": []}}, "'5': got no 'names' for 1 boxes"),
        ({"5": {"boxes_xyxy": [[1, 2, 3, float("nan")]], "names": ["mug"]}}, "'5', box 0: got"),
        ({"5": {"boxes_xyxy": [[3, 2, 1, 4]], "names": ["mug"]}}, "'5', box 0: got a box from"),
        ({"images": []}, "no list of categories"),
    ],
)
def test_a_file_of_truth_that_cannot_be_used_is_named(record, file_of_truth, said: Any, words: str) -> None:
    assert words in complaint(record({"/image": [raw(0)]}), truth=file_of_truth(said))


def test_the_types_of_answers_are_those_that_the_robot_is_built_with() -> None:
    folder = Path(__file__).resolve().parents[2] / "dev" / "vision_msgs" / "msg"
    for name, definition in types().fielddefs.items():
        if name.startswith("vision_msgs/"):
            lines = (folder / f"{name.rpartition('/')[2]}.msg").read_text().splitlines()
            assert [line.split()[1] for line in lines if not line.startswith("#")] == [
                field for field, _ in definition[1]
            ]


@pytest.mark.weights
def test_a_real_recording_has_its_true_boxes(shared_data: Path) -> None:
    truth = shared_data / "bags" / "pennfudan20_gt.json"
    found = drafts(shared_data / "bags" / "pennfudan20_db3", truth=truth, name="person")
    expected = [one["boxes_xyxy"] for one in json.loads(truth.read_text()).values()]
    assert [[list(thing.box) for thing in one.record.things] for one in found] == expected


@pytest.mark.weights
@pytest.mark.parametrize("name", ["person_video_mcap", "person_video_db3"])
def test_a_real_compressed_recording_keeps_its_bytes(shared_data: Path, name: str) -> None:
    found = drafts(shared_data / "bags" / name, stride=40)
    assert [one.record.id for one in found] == [f"{name}_{number:06d}" for number in (0, 40, 80)]
    assert all(isinstance(one.image, bytes) and one.record.image == ".jpg" for one in found)
