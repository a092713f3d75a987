"""Every head learns: its losses fall, and it finds the things on the pictures that it learnt from."""

from dataclasses import replace

import numpy as np
import pytest

from deep_perception.models.detector import Detector
from deep_perception.models.instance_segmenter import InstanceSegmenter
from deep_perception.models.networks.detectron.selective_search import proposals
from deep_perception.models.proposal_detector import ProposalDetector
from deep_perception.models.proposer import PROPOSAL_LABELS, Proposer

LABELS = ("__background__", "small", "large")
THINGS = 6


@pytest.mark.parametrize(
    ("head", "form", "steps"),
    [("fasterrcnn", "plain", 60), ("fasterrcnn", "small", 60), ("retinanet", "small", 60), ("rfcn", "plain", 80)],
)
def test_a_detector_learns_to_find_things(head, form, steps, narrow, lesson):
    model = Detector(narrow(head, form), name=head, labels=LABELS)
    losses = lesson.teach(model, steps)
    counts = lesson.found(model, score_threshold=0.2)
    print(head, form, np.round(losses[::10], 2), counts)
    assert counts.recall > 0.6
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


@pytest.mark.parametrize("form", ["plain", "small"])
def test_mask_rcnn_learns(form, narrow, lesson):
    model = InstanceSegmenter(narrow("maskrcnn", form), name="maskrcnn", labels=LABELS)
    losses = lesson.teach(model, 60)
    counts = lesson.found(model, score_threshold=0.2)
    print(form, np.round(losses[::10], 2), counts)
    answers = model(lesson.images)
    for a, t in zip(answers, lesson.truths):
        for m, l in zip(t.masks, t.labels):
            ious = [(m & n).sum() / (m | n).sum() for n in a.masks]
            print(max(ious, default=0))


@pytest.mark.parametrize("form", ["plain", "small"])
def test_rpn_learns(form, narrow, lesson):
    model = Proposer(narrow("rpn", form), name="rpn", labels=PROPOSAL_LABELS)
    losses = lesson.teach(model, 40)
    objects = replace(lesson, truths=[replace(truth, labels=np.ones_like(truth.labels)) for truth in lesson.truths])
    counts = objects.found(model, max_detections=10, score_threshold=0.0)
    c2 = objects.found(model, max_detections=10, score_threshold=0.5)
    print(form, np.round(losses[::10], 2), counts, c2)


@pytest.mark.parametrize("form", ["plain", "small"])
def test_fast_rcnn_learns(form, narrow, lesson):
    model = ProposalDetector(narrow("fastrcnn", form), name="fastrcnn", labels=LABELS)
    guides = [proposals(image, 300) for image in lesson.images]
    losses = lesson.teach(model, 40, guides)
    counts = lesson.found(model, guides, score_threshold=0.2)
    print(form, np.round(losses[::10], 2), counts)
