"""The weights that come with the package do what the demo promises, on scenes they were not trained on."""

import numpy as np
import pytest

from deep_perception.evaluation.matching import Counts, compare
from deep_perception.models import create
from deep_perception.models.files import sha256_of
from deep_perception.models.shipped import SHIPPED
from deep_perception.scenes import LABELS, SURFACES, Scene, render

DETECTOR, SURFACE_CLASSIFIER = SHIPPED
UNSEEN = range(100, 124)


@pytest.fixture(scope="module")
def views():
    return [render(Scene(seed), seed / 7) for seed in UNSEEN]


def shipped(row):
    return create(row.model, row.name, device="cpu")


def test_the_detector_finds_what_is_there_and_little_else(views):
    detector = shipped(DETECTOR)
    assert detector.labels == LABELS
    total = Counts()
    for view in views:
        total += compare(detector([view.image])[0], view.instances, view.ignored)
    assert total.found + total.missed > 100
    assert total.recall >= 0.90
    assert total.precision >= 0.90


def test_the_classifier_knows_the_surface_of_the_table(views):
    classifier = shipped(SURFACE_CLASSIFIER)
    assert classifier.labels == SURFACES
    right = [classifier([view.image])[0].labels[0] == view.surface.labels[0] for view in views]
    assert np.mean(right) >= 0.93


def test_the_shipped_files_are_small():
    assert sum(row.packaged.stat().st_size for row in SHIPPED) < 8_000_000


@pytest.mark.parametrize("row", SHIPPED, ids=lambda row: row.name)
def test_the_table_names_the_files_that_are_shipped(row):
    assert row.sha256 == sha256_of(row.packaged), "copy the new hash into models/shipped.py"
