"""A new row of TASKS is complete: each test names what it still lacks."""

import numpy as np
import pytest

from deep_perception.cli.predictions_folder import describe
from deep_perception.config import AUGMENTATIONS
from deep_perception.data.augment import Augmentation
from deep_perception.data.dataset import Dataset
from deep_perception.data.media import Frame
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.targets import encoded, target_of, usable
from deep_perception.data.writer import Writer
from deep_perception.drawing import draw
from deep_perception.evaluation.scoring import tally
from deep_perception.models import MODELS, create
from deep_perception.predictions import Picture
from deep_perception.tasks import TASKS

SMALLEST = {
    "classification": "lenet5",
    "detection": "fcos_shufflenet_v2_x1_0_fpn",
    "proposals": "rpn_shufflenet_v2_x1_0_fpn",
    "instance_segmentation": "maskrcnn_shufflenet_v2_x1_0_fpn",
    "semantic_segmentation": "lraspp_shufflenet_v2_x1_0",
    "colorization": "colorizer_shufflenet_v2_x1_0",
    "super_resolution": "bicubic",
}


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


def test_a_task_has_a_model_and_a_default_among_them(task):
    assert TASKS[task].default_model in [name for row in MODELS if row.task == task for name in row.names]


def test_a_task_has_a_picture_and_words_for_its_answers(task):
    model, image = create(SMALLEST[task], "none", device="cpu"), np.zeros((40, 50, 3), np.uint8)
    model.selection = type(model.selection)(score_threshold=0)
    [answer] = model([image])
    assert draw(image, answer, model.labels).shape == (answer.image if isinstance(answer, Picture) else image).shape
    assert len(describe(Frame("one", "one.png", None, image), answer, model)) > 0


def test_a_task_has_truths_ways_to_change_them_and_a_judge(task, tmp_path):
    names, image = ("__background__", "cup"), np.zeros((40, 50, 3), np.uint8)
    things = (Thing("cup", (5, 5, 20, 20), mask=encoded(image[..., 0] == 0)),)
    with Writer(tmp_path, durable=False) as writer:
        writer.add_names("pixels", names)
        record = Record("one", "", 0, 0, tags=(Tag("cup"),), things=things)
        writer.add(record, image, pixels=np.ones((40, 50), np.uint8))
    dataset = Dataset.open(tmp_path)
    [record] = usable(dataset, task)
    truth = target_of(dataset, record, task, names)
    assert type(truth) is TASKS[task].prediction
    changed = Augmentation(AUGMENTATIONS, task)
    assert changed.names and type(changed(image, truth, np.random.default_rng(0))[1]) is type(truth)
    counts = tally(task, names)
    counts.add(truth, truth)
    assert counts.unit in counts.figures()


def test_a_task_has_a_message_for_its_answers(task):
    messages = pytest.importorskip("deep_perception.ros.messages", reason="needs ROS")
    assert len(messages.ANSWERS[task]) > 0
