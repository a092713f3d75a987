"""What is told of a picture over topics becomes what a data set says of it."""

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest
from station import boxes

from deep_perception import pixels
from deep_perception.data.record import HUMAN, MODEL
from deep_perception.data.vision_messages import renumbered
from deep_perception.errors import ImageError
from deep_perception.ros.told import classes_in, intrinsics_in, millimetres_in, things_in

K = [100.0, 0, 32, 0, 100, 24, 0, 0, 1]


def message(array: np.ndarray, encoding: str) -> Image:
    one = Image()
    pixels.fill(one, array, encoding)
    return one


def test_boxes_are_cut_to_the_picture_and_a_person_is_sure():
    told = boxes(("cup", (-5, 2, 30, 90), 0.25))
    assert things_in(told, (48, 64), MODEL).things[0].box == (0, 2, 30, 48)
    assert [things_in(told, (48, 64), source).things[0].score for source in (MODEL, HUMAN)] == [0.25, 1.0]


def test_boxes_without_a_class_or_outside_or_without_numbers_are_refused():
    told = boxes(("", (0, 0, 9, 9), 1.0), ("far", (64, 0, 70, 9), 1.0), ("odd", (0, 0, 9, 9), float("nan")))
    read = things_in(told, (48, 64), MODEL)
    assert (read.things, read.refused) == ((), 3)
    assert read.why.startswith("3 of 3 boxes have no class_id, or hold nothing of a picture of 64x48")


def test_depth_is_kept_in_millimetres_and_what_is_unknown_is_0():
    metres = np.array([[1.2344, np.nan, np.inf, -1, 65.535, 65.6]], np.float32)
    assert millimetres_in(message(metres, "32FC1"), (1, 6)).tolist() == [[1234, 0, 0, 0, 65535, 0]]
    numbers = np.array([[0, 5, 65535]], np.uint16)
    assert millimetres_in(message(numbers, "16UC1"), (1, 3)).tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("read", "array", "encoding"),
    [
        (millimetres_in, np.zeros((2, 2), np.uint16), "16UC1"),
        (millimetres_in, np.zeros((4, 4), np.uint8), "mono8"),
        (classes_in, np.zeros((4, 2), np.uint8), "mono8"),
        (classes_in, np.zeros((4, 4, 3), np.uint8), "rgb8"),
    ],
)
def test_what_does_not_fit_the_picture_is_refused_with_what_was_expected(read, array, encoding):
    with pytest.raises(ImageError, match="expected uint.* of the picture's 4x4"):
        read(message(array, encoding), (4, 4))


def test_classes_are_numbered_as_the_data_set_does():
    numbers = np.array([[0, 3, 7, 255]], np.uint8)
    order = ("__background__", "wall", "floor")
    assert renumbered(numbers, {0: "__background__", 3: "floor"}, order).tolist() == [[0, 2, 255, 255]]


def test_the_camera_matrix_is_that_of_the_pictures_not_of_the_sensor():
    region = RegionOfInterest(x_offset=12, y_offset=4, width=40, height=40)
    assert intrinsics_in(CameraInfo(k=K)) == tuple(K)
    assert intrinsics_in(CameraInfo(k=K, roi=region, binning_x=2, binning_y=4)) == (50, 0, 10, 0, 25, 5, 0, 0, 1)
    assert intrinsics_in(CameraInfo()) is None
