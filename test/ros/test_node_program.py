"""The node and the container as processes: how they start, how they end, and what they say then."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import rclpy
from robot import picture, wait_until
from sensor_msgs.msg import Image

QUICK = ("-p", "model:=shufflenet_v2_x0_5", "-p", "weights:=none", "-p", "device:=cpu")


CONTAINER = ("-p", "tasks:=[classifier, segmenter]", "-p", "device:=cpu", "-p", "weights:=none")
CONTAINER += ("-p", "classifier:model:=lenet5", "-p", "segmenter:model:=lraspp_shufflenet_v2_x1_0")


def program(*arguments: str, cache: Path, module: str = "perception_node") -> subprocess.Popen:
    command = [sys.executable, "-m", f"deep_perception.ros.{module}", "--ros-args", *arguments]
    environment = {**os.environ, "DEEP_PERCEPTION_CACHE": str(cache)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-p", "model:=fasterrcnn"], "unknown model 'fasterrcnn'. Nearest: fasterrcnn"),
        (["-p", "model:=resnet50"], "deep_perception weights fetch resnet50"),
        (["-p", "device:=cuda:99", "-p", "weights:=none"], "device: got 'cuda:99', "),
        (["-p", "colour:=red"], "unknown parameter 'colour'"),
        (["-p", "score_threshold:=3"], "score_threshold"),
        (["--params-file", "/nowhere.yaml"], "/nowhere.yaml"),
    ],
)
def test_at_start_a_mistake_is_one_line_and_exit_code_1(arguments, says, cache):
    process = program(*arguments, cache=cache)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in errors
    [line] = [line for line in errors.splitlines() if "FATAL" in line]
    assert says in line


@pytest.mark.parametrize(
    ("module", "arguments", "last"),
    [
        ("perception_node", QUICK, "classification by"),
        ("perception_container", CONTAINER, "semantic_segmentation by"),
    ],
)
def test_the_program_ends_cleanly_on_ctrl_c(module, arguments, last, cache):
    process = program(*arguments, cache=cache, module=module)
    for line in process.stderr:
        if last in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(("module", "arguments"), [("perception_node", QUICK), ("perception_container", CONTAINER)])
def test_something_unexpected_ends_the_process_with_a_traceback(context, module, arguments):
    code = f"""
from deep_perception.ros import frame, {module} as p
frame.Frame.image = lambda self: 1 / 0
raise SystemExit(p.main(["--ros-args", *{arguments}]))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    peer = rclpy.create_node("peer", context=context)
    publisher = peer.create_publisher(Image, "image", 1)
    try:
        # Again and again: who publishes may know of the node before the node knows of him.
        wait_until(lambda: publisher.publish(picture()) or process.poll() is not None, "the node to end", 120)
    finally:
        process.kill()
    _, errors = process.communicate()
    peer.destroy_node()
    assert process.returncode != 0
    assert "ZeroDivisionError" in errors
