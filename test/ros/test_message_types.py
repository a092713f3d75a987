"""Types of messages are found by their names, and their definitions are whole."""

import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from sensor_msgs.msg import Image

from deep_perception.data.vision_messages import types
from deep_perception.ros.message_types import definition, message_class


@pytest.mark.parametrize(
    "name",
    [
        "std_msgs/msg/String",
        "sensor_msgs/msg/Image",
        "diagnostic_msgs/msg/DiagnosticArray",
        "rcl_interfaces/msg/ParameterEvent",
        "nav_msgs/msg/Odometry",
        "vision_msgs/msg/Detection2DArray",
    ],
)
def test_a_definition_gives_the_hash_that_ros_knows_the_type_by(name: str) -> None:
    alone = get_typestore(Stores.EMPTY)
    alone.register(get_types_from_msg(definition(name), name))
    known = types() if name.startswith("vision") else get_typestore(Stores.ROS2_JAZZY)
    assert alone.hash_rihs01(name) == known.hash_rihs01(name)


def test_a_class_is_found_by_its_name() -> None:
    assert message_class("sensor_msgs/msg/Image") is Image


@pytest.mark.parametrize("name", ["sensor_msgs/msg/Imago", "nowhere_msgs/msg/Image", "nonsense", ""])
def test_what_is_not_installed_is_neither_an_error_nor_a_guess(name: str) -> None:
    assert message_class(name) is None
    assert definition(name) == ""
