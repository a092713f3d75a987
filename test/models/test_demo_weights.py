"""The weights that come with the package do what the demo promises, on scenes they were not trained on."""

import numpy as np
import pytest

from deep_perception.evaluation.matching import Counts, compare
from deep_perception.models import create
from deep_perception.models.shipped import FOLDER, SHIPPED
from deep_perception.scenes import LABELS, SURFACES, Scene, render

UNSEEN = range(100, 130)


@pytest.fixture(scope="module")
def views():
    return [render(Scene(seed), seed / 7) for seed in UNSEEN]


def shipped(name):
    return create(name, weights="default", device="cpu")


def test_the_detector_finds_what_is_there_and_little_else(views):
    detector = shipped("fcos_shufflenet_v2_x1_0_fpn")
    assert detector.labels == LABELS
    total = Counts()
    for view in views:
        total += compare(detector([view.image])[0], view.instances, view.ignored)
    assert total.found + total.missed > 100
    assert total.recall >= 0.90
    assert total.precision >= 0.90


def test_the_classifier_knows_the_surface_of_the_table(views):
    classifier = shipped("shufflenet_v2_x0_5")
    assert classifier.labels == SURFACES
    right = [classifier([view.image])[0].labels[0] == view.surface.labels[0] for view in views]
    assert np.mean(right) >= 0.93


def test_the_shipped_files_are_small():
    assert sum((FOLDER / file).stat().st_size for _, _, file, _ in SHIPPED) < 8_000_000
