"""Every head learns: its losses fall, and it finds the things on the pictures that it learnt from."""

from dataclasses import replace

import numpy as np
import pytest

from deep_perception.models.detector import Detector
from deep_perception.models.instance_segmenter import InstanceSegmenter
from deep_perception.models.networks.detectron.selective_search import proposals
from deep_perception.models.proposal_detector import ProposalDetector
from deep_perception.models.proposer import PROPOSAL_LABELS, Proposer

FEW = {"max_detections": 8, "iou_threshold": 0.3}
"""How many boxes may be guessed on a picture with three things."""


def assert_learnt(losses, before, after):
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
    assert after.recall > 0.6 > before.recall


@pytest.mark.parametrize(
    ("head", "form", "steps", "speed"),
    [
        ("fasterrcnn", "small", 45, 1e-3),
        ("retinanet", "small", 45, 1e-3),
        pytest.param("rfcn", "plain", 60, 1e-3, marks=pytest.mark.slow),
        pytest.param("fasterrcnn", "plain", 50, 2e-3, marks=pytest.mark.slow),
    ],
)
def test_a_detector_learns_to_find_things(head, form, steps, speed, narrow, lesson):
    model = Detector(narrow(head, form), name=head, labels=lesson.labels)
    before = lesson.found(model, score_threshold=0.0, **FEW)
    losses = lesson.teach(model, steps, speed=speed)
    assert_learnt(losses, before, lesson.found(model, score_threshold=0.2, **FEW))


@pytest.mark.parametrize("form", ["small", pytest.param("plain", marks=pytest.mark.slow)])
def test_mask_rcnn_learns_to_find_things_and_their_outlines(form, narrow, lesson):
    model = InstanceSegmenter(narrow("maskrcnn", form), name="maskrcnn", labels=lesson.labels)
    before = lesson.found(model, score_threshold=0.0, **FEW)
    losses = lesson.teach(model, 50 if form == "small" else 60, speed=2e-3)
    assert_learnt(losses, before, lesson.found(model, score_threshold=0.2, **FEW))
    likeness = [
        max((overlap(mask, other) for other in answer.masks), default=0.0)
        for answer, truth in zip(model(lesson.images), lesson.truths, strict=True)
        for mask in truth.masks
    ]
    assert np.mean(likeness) > 0.5


@pytest.mark.parametrize("form", ["plain", pytest.param("small", marks=pytest.mark.slow)])
def test_a_proposal_network_learns_where_things_are_whatever_they_are(form, narrow, lesson):
    objects = replace(lesson, truths=[replace(truth, labels=np.ones_like(truth.labels)) for truth in lesson.truths])
    model = Proposer(narrow("rpn", form), name="rpn", labels=PROPOSAL_LABELS)
    before = objects.found(model, score_threshold=0.0, **FEW)
    losses = lesson.teach(model, *((45, None, 2e-3) if form == "plain" else (120,)))
    assert_learnt(losses, before, objects.found(model, score_threshold=0.0, **FEW))


@pytest.mark.parametrize("form", ["small", pytest.param("plain", marks=pytest.mark.slow)])
def test_fast_rcnn_learns_to_judge_what_selective_search_proposes(form, narrow, lesson):
    model = ProposalDetector(narrow("fastrcnn", form), name="fastrcnn", labels=lesson.labels)
    guides = [proposals(image, 100) for image in lesson.images]
    before = lesson.found(model, guides, score_threshold=0.0, **FEW)
    losses = lesson.teach(model, 35, guides)
    assert_learnt(losses, before, lesson.found(model, guides, score_threshold=0.2, **FEW))


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()
