"""What can be changed while the node runs: parameters, the model, its lifecycle."""

import gc
import os
import threading
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from rclpy.parameter import Parameter
from robot import DETECTOR, Robot, picture, wait_until
from vision_msgs.msg import Classification, Detection2DArray, LabelInfo, VisionInfo

from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.models import create, save
from deep_perception.ros.messages import latched
from deep_perception.ros.perception_node import PerceptionNode

CYCLES = 20
WARM_UP_CYCLES = 5
MOST_GROWTH_MIB = 20
PERIOD_S = 0.1
BEFORE_AND_AFTER = 20
MOST_PICTURES = 600


def test_thresholds_and_classes_can_be_set_while_it_runs_and_take_effect(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        found = robot.ask(heard, picture()).detections
        assert len(found) > 1
        wanted = found[0].results[0].hypothesis.class_id
        assert robot.set(classes=[wanted]).successful
        kept = robot.ask(heard, picture()).detections
        assert {one.results[0].hypothesis.class_id for one in kept} == {wanted}
        assert robot.set(max_detections=1).successful
        assert len(robot.ask(heard, picture()).detections) == 1
        assert robot.set(score_threshold=1).successful, "a whole number will do"
        assert len(robot.ask(heard, picture()).detections) == 0


WRONG = [
    ({"score_threshold": 1.5}, "0"),
    ({"classes": ["unicorn"]}, "unknown class 'unicorn'"),
    ({"model": "fasterrcnn"}, "Nearest: fasterrcnn"),
    ({"weights": "/nowhere.pth"}, "/nowhere.pth"),
    ({"class_id": "colour"}, "one of name, index"),
    ({"device": "cpu:0"}, "only while the node is unconfigured"),
    ({"max_detections": 0}, "0"),
]


def test_a_wrong_value_is_refused_with_the_reason_and_changes_nothing(context):
    with Robot(context, **DETECTOR) as robot:
        before = robot.node.config
        for wrong, says in WRONG:
            result = robot.set(**wrong)
            assert not result.successful
            assert says in result.reason
            assert "\n" not in result.reason
            assert robot.node.config == before
            name = next(iter(wrong))
            value = robot.node.get_parameter(name).value
            assert value == (list(getattr(before, name)) if isinstance(value, list) else getattr(before, name))


def test_new_weights_take_over_between_two_pictures_and_everyone_is_told(context, tmp_path):
    file, names = tmp_path / "mine.safetensors", ["__background__", "mug", "cat"]
    save(create(DETECTOR["model"], "none", labels=names), file)
    with Robot(context, **DETECTOR) as robot:
        models = robot.hear(VisionInfo, "vision_info", latched())
        labels = robot.hear(LabelInfo, "label_info", latched())
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture())
        wait_until(lambda: bool(models), "vision_info")
        version = models[-1].database_version
        assert robot.set(weights=str(file)).successful
        wait_until(lambda: models[-1].database_version == version + 1, "the new version")
        wait_until(lambda: [one.class_name for one in labels[-1].class_map] == names, "the new labels")
        assert {one.results[0].hypothesis.class_id for one in robot.ask(heard, picture()).detections} <= set(names)


def test_a_broken_checkpoint_is_refused_and_the_old_model_goes_on(context, tmp_path):
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"PK\x03\x04 this is no checkpoint")
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture())
        old = robot.node.duty.model
        result = robot.set(weights=str(broken))
        assert not result.successful
        assert str(broken) in result.reason
        assert robot.node.duty.model is old
        robot.ask(heard, picture(8.0))


def test_pictures_are_answered_while_a_swap_loads(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture())
        load, during = robot.node._load, []

        def slow_load(config):
            during.append(robot.ask(heard, picture(20.0)))
            return load(config)

        robot.node._load = slow_load
        assert robot.set(weights="none").successful
        assert during[0].header.stamp.sec == 20


def test_a_swap_costs_at_most_one_picture_beyond_those_that_go_unanswered_anyway(context, tmp_path):
    for name in ("old", "new"):
        save(create("lenet5", "none", labels=[f"{name} {digit}" for digit in range(10)]), tmp_path / name)
    with Robot(context, weights=str(tmp_path / "old"), device="cpu") as robot:
        heard = robot.hear(Classification, "classification")
        robot.ask(heard, picture())
        heard.clear()
        answered = lambda name: [  # noqa: E731
            one.header.stamp.sec for one in heard if one.results[0].class_id.startswith(name)
        ]
        swap = threading.Thread(target=robot.set, kwargs={"weights": str(tmp_path / "new")})
        for number in range(MOST_PICTURES):  # a camera, which waits for nobody
            robot.show(picture(100.0 + number))
            time.sleep(PERIOD_S)
            if number == BEFORE_AND_AFTER:
                swap.start()
            if len(answered("new")) > BEFORE_AND_AFTER:
                break
        swap.join()
        last, first = max(answered("old")), min(answered("new"))
        assert last < first, "one change, once"
        answers = sorted([*answered("old"), *answered("new")])
        usual = max(after - before for before, after in pairwise(answers) if before != last)
        assert first - last <= usual + 1


def test_the_lifecycle_goes_up_and_down_twenty_times_without_leaking(context):
    with Robot(context, start=False, **DETECTOR) as robot:
        node, sizes = robot.node, []
        for _ in range(CYCLES):
            node.autostart()
            assert node.duty is not None
            node.trigger_deactivate()
            node.trigger_cleanup()
            assert node.duty is None
            gc.collect()
            sizes.append(resident_mib())
        # What leaks grows cycle by cycle; now and then the allocator takes a piece at once.
        before, after = sizes[WARM_UP_CYCLES : WARM_UP_CYCLES + 5], sizes[-5:]
        assert median(after) - median(before) < MOST_GROWTH_MIB, sizes
        wait_until(lambda: robot.peer.count_publishers("detections") == 0, "the results' topics to go")
        node.autostart()
        robot.ask(robot.hear(Detection2DArray, "detections"), picture())


def test_a_deactivated_node_keeps_its_weights_and_stops_listening(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture())
        model = robot.node.duty.model
        robot.node.trigger_deactivate()
        wait_until(lambda: robot.peer.count_subscribers("image") == 0, "the node to unsubscribe")
        assert robot.node.duty.model is model
        robot.node.trigger_activate()
        robot.ask(heard, picture(6.0))


def test_what_is_fixed_while_it_runs_can_be_set_before_it_is_configured(context):
    with Robot(context, start=False, **DETECTOR) as robot:
        assert robot.set(cameras=["left", "right"]).successful
        robot.node.autostart()
        robot.ask(robot.hear(Detection2DArray, "right/detections"), picture(), "right/image")


def test_an_unknown_parameter_is_an_error_that_names_the_nearest(context):
    with pytest.raises(ConfigError, match="unknown parameter 'score_treshold'. Nearest: score_threshold"):
        PerceptionNode(context=context, parameter_overrides=[Parameter("score_treshold", value=0.5)])


def test_a_node_that_cannot_start_says_why(context):
    node = PerceptionNode(context=context, parameter_overrides=[Parameter("model", value="resnet5")])
    with pytest.raises(DeepPerceptionError, match="unknown model 'resnet5'. Nearest: "):
        node.autostart()
    node.destroy_node()


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
