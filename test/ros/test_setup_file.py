"""The YAML file of a container: what it may say, and one line about what it may not."""

import re
from pathlib import Path

import pytest

from deep_perception.config import ContainerConfig
from deep_perception.errors import ConfigError
from deep_perception.ros.post import Post, Source
from deep_perception.ros.posts import posts
from deep_perception.ros.setup_file import read_setup

EXAMPLE = """
cameras:
  front: {image: /front/image_raw, models: [detector, segmenter]}
  rear: {image_transport: compressed, models: [detector]}
models:
  detector: {model: fcos_shufflenet_v2_x1_0_fpn, score_threshold: 0.6, classes: [ball]}
"""


def read(tmp_path: Path, text: str):
    file = tmp_path / "setup.yaml"
    file.write_text(text)
    return read_setup(str(file))


def named(found: list[Post]) -> dict[str, Post]:
    return {post.name: post for post in found}


def test_models_and_cameras_are_read_with_what_is_written_about_them(tmp_path):
    setup = read(tmp_path, EXAMPLE)
    assert setup.cameras == {"front": Source("/front/image_raw"), "rear": Source("rear/image", "compressed")}
    assert setup.viewers == {"front": ("detector", "segmenter"), "rear": ("detector",)}
    detector = {"model": "fcos_shufflenet_v2_x1_0_fpn", "score_threshold": 0.6, "classes": ("ball",)}
    assert setup.models == {"detector": {**detector, "task": "detector"}, "segmenter": {"task": "segmenter"}}


def test_each_model_gets_the_cameras_that_name_it(tmp_path):
    (tmp_path / "robot.yaml").write_text(EXAMPLE)
    found = named(posts(ContainerConfig(setup=str(tmp_path / "robot.yaml")), {}))
    assert found["detector"].settings["cameras"] == ("front", "rear")
    assert found["segmenter"].settings["cameras"] == ("front",)
    assert found["segmenter"].sources == {"front": Source("/front/image_raw")}


def test_tasks_beside_a_setup_look_at_all_its_cameras(tmp_path):
    (tmp_path / "robot.yaml").write_text(EXAMPLE)
    found = named(posts(ContainerConfig(tasks=("detector", "colorization"), setup=str(tmp_path / "robot.yaml")), {}))
    assert list(found) == ["detector", "segmenter", "colorizer"]
    assert found["colorizer"].settings["cameras"] == ("front", "rear")


def test_a_model_may_have_any_name_if_its_task_is_told_or_follows_from_its_network(tmp_path):
    setup = read(tmp_path, "models: {a: {task: segmenter}, b: {model: resnet18}, upscaler: }")
    assert [settings["task"] for settings in setup.models.values()] == ["segmenter", "classifier", "upscaler"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file: got None, expected names with a colon behind each"),
        ("models: [", "is not YAML: while parsing"),
        ("cameras: {}", "models: got none, expected at least one"),
        ("model: {}", "the file: unknown key 'model'. Nearest: models"),
        ("models: [detector]", "models: got ['detector'], expected names with a colon behind each"),
        ("models: {detector: ssd}", "models: detector: got 'ssd', expected names with a colon behind each"),
        ("models: {detector: {scor_threshold: 1}}", "unknown key 'scor_threshold'. Nearest: score_threshold"),
        ("models: {detector: {score_threshold: 2}}", "models: detector: score_threshold: got 2, expected 0 to 1"),
        ("models: {detector: {cameras: [a]}}", "unknown key 'cameras'"),
        ("models: {mine: {weights: a.pth}}", "models: mine: says neither its task nor its model"),
        ("models: {mine: {task: paint}}", "task: unknown choice 'paint'"),
        ("models: {mine: {model: resnet5}}", "models: mine: unknown model 'resnet5'. Nearest: "),
        ("models: {2fast: {task: detector}}", "models: got the name '2fast', expected letters"),
        ("models: {detector: }\ncameras: {front: {}}", "cameras: front: models: got None, expected a list of names"),
        ("cameras: {front: {models: [detektor]}}", "cameras: front: unknown model 'detektor'. Nearest: detector"),
        ("cameras: {front: {modles: [a]}}", "cameras: front: unknown key 'modles'. Nearest: models"),
        ("cameras: {front: {models: [detector], image: 5}}", "cameras: front: image: got '5', expected a topic"),
        ("cameras: {front: {models: [detector], image_transport: jpeg}}", "image_transport: unknown choice 'jpeg'"),
        ("cameras: {front: {models: [detector]}}\nmodels: {a: {task: detector}}", "models: a is named by no camera"),
        ("models: !!python/object/apply:os.system [ls]", "is not YAML: could not determine a constructor"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_the_place(tmp_path, text, says):
    with pytest.raises(ConfigError, match=re.escape(says)) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert "setup.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({}, "neither tasks nor setup is given. Set tasks, as in [detector, segmenter]"),
        ({"tasks": ("detektor",)}, "unknown task 'detektor'. Nearest: detector"),
        ({"setup": "/nowhere.yaml"}, "setup: cannot read '/nowhere.yaml'"),
    ],
)
def test_a_container_without_work_is_told_how_to_get_some(config, says):
    with pytest.raises(ConfigError, match=re.escape(says)):
        posts(ContainerConfig(**config), {})


def test_of_several_that_would_publish_a_topic_the_first_task_keeps_its_name():
    found = named(posts(ContainerConfig(tasks=("instance_segmenter", "detector", "proposer")), {}))
    always = {"label_info", "vision_info", "image_annotated"}
    assert found["detector"].below == always
    assert found["proposer"].below == always
    assert found["instance_segmenter"].below == {*always, "detections"}
    alone = named(posts(ContainerConfig(tasks=("instance_segmenter", "segmenter")), {}))
    assert alone["instance_segmenter"].below == always


def test_own_goes_before_written_and_written_before_common():
    post = Post(settings={"top_k": 2, "device": "cpu"}, common={"top_k": 3, "class_id": "index", "device": "cuda"})
    given = {"top_k": 3, "class_id": "index", "device": "cuda", "max_detections": 4}
    assert post.settled(given) == {"top_k": 2, "device": "cpu", "class_id": "index", "max_detections": 4}
    assert post.settled({"top_k": 9})["top_k"] == 9
