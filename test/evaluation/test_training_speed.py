"""Our training and torchvision's reference loop are timed at the same work, in pairs."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from deep_perception.data.dataset import THINGS
from deep_perception.data.examples import Examples
from deep_perception.evaluation.reference_training import Pictures
from deep_perception.evaluation.training_speed import (
    OURS,
    THEIRS,
    config_of,
    contestants,
    figures,
    write_scenes,
)
from deep_perception.models import create
from deep_perception.models.detector import float_picture

DETECTOR, CLASSIFIER = "ssdlite320_mobilenet_v3_large", "mobilenet_v2"
PICTURES, BATCH = 4, 2


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp("scenes") / "dataset", PICTURES)


def examples(dataset, model):
    found = Examples(dataset, dataset.records, model.task, model.labels)
    return [found[number] for number in range(PICTURES)]


def test_the_pictures_show_things_on_tables(dataset):
    assert len(dataset.records) == PICTURES
    assert all(record.things and len(record.tags) == 1 for record in dataset.records)
    assert len(dataset.labels[THINGS]) > 3


def test_both_detectors_learn_from_the_same_pictures_and_boxes_mirrored_or_not(dataset):
    model = create(DETECTOR, "none", labels=dataset.labels[THINGS])
    for (image, truth), own in zip(Pictures(model, dataset), examples(dataset, model), strict=True):
        seen = float_picture(torch.tensor(own.image).permute(2, 0, 1))
        boxes = torch.from_numpy(own.target.boxes)
        if not torch.allclose(image, seen):
            seen, width = seen.flip(-1), seen.shape[-1]
            boxes = torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)
        assert torch.allclose(image, seen)
        torch.testing.assert_close(truth["boxes"], boxes)
        assert truth["labels"].tolist() == own.target.labels.tolist()


def test_both_classifiers_learn_from_the_same_pictures_and_classes(dataset):
    model = create(CLASSIFIER, "none", labels=dataset.labels["tags"])
    for (image, label), own in zip(Pictures(model, dataset), examples(dataset, model), strict=True):
        seen = model.preparation(torch.tensor(own.image).permute(2, 0, 1))
        assert image.shape == seen.shape
        # Mirrored, what is cut out of the middle may be one pixel beside it.
        assert min((image - each).abs().mean() for each in (seen, seen.flip(-1))) < 0.1
        assert label == own.target.labels[0]


@pytest.mark.parametrize("name", [DETECTOR, CLASSIFIER])
def test_an_epoch_is_as_many_steps_for_both(dataset, name):
    counts = Counter()
    both = contestants(dataset, config_of(name, 0, BATCH))
    for side, epoch in both.items():
        hook = register_optimizer_step_post_hook(lambda optimizer, *_: counts.update([(side, type(optimizer))]))  # noqa: B023
        try:
            epoch()
        finally:
            hook.remove()
    assert counts == {(THEIRS, torch.optim.SGD): 2, (OURS, torch.optim.SGD): 2}


@pytest.mark.parametrize(("share", "met"), [(0.94, False), (0.95, True), (1.2, True)])
def test_we_must_be_nearly_as_fast_as_the_reference(share, met):
    theirs = np.array([10, 2, 8, 9])  # noise that hits both does not matter
    *alone, ratio = figures({THEIRS: theirs, OURS: share * theirs})
    assert [line.value for line in alone] == pytest.approx([8.5, 8.5 * share])
    assert ratio.value == pytest.approx(share)
    assert ratio.met is met
