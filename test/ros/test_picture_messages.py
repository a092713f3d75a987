"""Masks, label maps and pictures as messages, and the camera of an enlarged picture."""

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest
from std_msgs.msg import Header

from deep_perception import pixels
from deep_perception.predictions import Instances, LabelMap
from deep_perception.ros.picture_messages import (
    from_confidence,
    from_labels,
    from_masks,
    scaled,
    size_of,
)

HEADER = Header(frame_id="eye")


def instances(scores: list[float], *corners: tuple[int, int, int, int], size: tuple[int, int] = (12, 16)) -> Instances:
    """Make rectangles as instances, as wide as their boxes."""
    masks = np.zeros((len(corners), *size), np.bool_)
    for mask, (left, top, right, bottom) in zip(masks, corners, strict=True):
        mask[top:bottom, left:right] = True
    boxes = np.array(corners, np.float32).reshape(-1, 4)
    return Instances(boxes, np.ones(len(corners), np.int64), np.array(scores, np.float32), masks)


def test_a_pixel_carries_the_place_of_its_instance_and_the_larger_score_wins_an_overlap():
    found = instances([0.9, 0.2, 0.7], (0, 0, 6, 6), (4, 4, 12, 12), (3, 3, 8, 8))
    numbers = found.numbered()
    by_hand = np.zeros((12, 16), np.uint16)
    for place in (1, 2, 0):  # from the least sure to the surest
        by_hand[found.masks[place]] = place + 1
    assert np.array_equal(numbers, by_hand)
    assert (numbers[5, 5], numbers[7, 7], numbers[10, 10], numbers[0, 15]) == (1, 3, 2, 0)


def test_of_equally_sure_instances_the_first_wins():
    assert instances([0.5, 0.5], (0, 0, 4, 4), (2, 2, 6, 6)).numbered()[3, 3] == 1


def test_no_instances_and_empty_masks_give_zeros():
    assert not instances([]).numbered().any()
    assert not instances([0.5], (3, 3, 3, 3)).numbered().any()


def test_there_is_room_for_more_than_255_instances():
    rows = [(at % 16, at // 16, at % 16 + 1, at // 16 + 1) for at in range(192)] * 2
    numbers = instances(list(np.linspace(0, 1, 384)), *rows).numbered()
    assert numbers.max() == 384
    message = from_masks(instances([0.5], (0, 0, 2, 2)), HEADER)
    assert (message.encoding, message.header.frame_id, message.step) == ("mono16", "eye", 32)
    assert pixels.to_array(message)[1, 1] == 1


def test_unlabelled_pixels_stay_255_and_an_unknown_confidence_is_not_published():
    labels = np.array([[0, 7, 255]], np.uint8)
    message = from_labels(LabelMap(labels), HEADER)
    assert message.encoding == "mono8"
    assert bytes(message.data) == bytes([0, 7, 255])
    assert from_confidence(LabelMap(labels), HEADER) is None
    assert bytes(from_confidence(LabelMap(labels, labels[:, ::-1].copy()), HEADER).data) == bytes([255, 7, 0])


def camera() -> CameraInfo:
    return CameraInfo(
        height=480,
        width=640,
        distortion_model="plumb_bob",
        d=[0.1, -0.2, 0.001, 0.002, 0.05],
        k=[500.0, 1.5, 319.5, 0.0, 510.0, 239.5, 0.0, 0.0, 1.0],
        r=np.eye(3).ravel(),
        p=[480.0, 0.0, 321.0, -48.0, 0.0, 490.0, 241.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        binning_x=2,
        roi=RegionOfInterest(x_offset=64, y_offset=32, height=120, width=160, do_rectify=True),
    )


def test_the_scaled_camera_sees_every_point_where_the_scaled_picture_has_it():
    info = camera()
    large = scaled(info, (480, 640), (1440, 1920), HEADER)
    point = np.array([0.3, -0.2, 1.5])
    for before, after, seen in (
        (info.k.reshape(3, 3), large.k.reshape(3, 3), point),
        (info.p.reshape(3, 4), large.p.reshape(3, 4), np.append(point, 1)),
    ):
        x, y, depth = before @ seen
        # Borders of pixels coincide, so that centres, which lie half a pixel inside, move.
        assert (after @ seen)[:2] / (after @ seen)[2] == pytest.approx(
            [(x / depth + 0.5) * 3 - 0.5, (y / depth + 0.5) * 3 - 0.5]
        )
        assert (after @ seen)[2] == pytest.approx(depth)
    assert large.k[2] == (319.5 + 0.5) * 3 - 0.5
    assert large.p[3] == -48.0 * 3


def test_the_scaled_camera_keeps_its_lens_and_scales_its_window():
    large = scaled(camera(), (480, 640), (960, 1280), HEADER)
    assert (large.width, large.height, large.header.frame_id) == (1280, 960, "eye")
    assert (large.distortion_model, list(large.d)) == ("plumb_bob", list(camera().d))
    assert list(large.r) == list(camera().r)
    assert (large.binning_x, large.binning_y) == (2, 0)
    window = large.roi
    assert (window.x_offset, window.y_offset, window.width, window.height) == (128, 64, 320, 240)
    assert window.do_rectify


def test_a_camera_that_was_never_calibrated_stays_so():
    large = scaled(CameraInfo(height=4, width=6), (4, 6), (8, 12), HEADER)
    assert (large.height, large.width) == (8, 12)
    assert not any(large.k)
    assert not any(large.p)


def test_the_size_of_pictures_counts_window_and_binning():
    assert size_of(CameraInfo(height=480, width=640)) == (480, 640)
    assert size_of(CameraInfo(height=480, width=640, binning_x=2, binning_y=2)) == (240, 320)
    assert size_of(camera()) == (120, 80)
