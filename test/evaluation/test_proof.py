"""A model is called better only where other pictures of the kind would very likely say so too."""

import json
from dataclasses import replace

import numpy as np
import pytest

from deep_perception.evaluation.proof import BETTER, LEAST_PICTURES, NOT_BETTER, WORSE, Proof, prove
from deep_perception.evaluation.scoring import tally
from deep_perception.predictions import Classes, Detections, Picture

NAMES = ("mug", "duck")


def one(label):
    return Classes(np.array([label]), np.ones(1, np.float32))


def answers(right):
    """A tally of answers to pictures of mugs and ducks in turn."""
    counts = tally("classification", NAMES)
    for number, good in enumerate(right):
        counts.add(one(number % 2 if good else 1 - number % 2), one(number % 2))
    return counts


def gray(*levels):
    """A tally of pictures that are gray, in truth of level 100."""
    counts = tally("colorization", ())
    for level in levels:
        counts.add(*(Picture(np.full((4, 4, 3), each, np.uint8)) for each in (level, 100)))
    return counts


def boxes(rng, pictures, good):
    """A tally of pictures with three things each, of which this share is found."""
    counts = tally("detection", ("__background__", *NAMES))
    for _ in range(pictures):
        corner = rng.uniform(0, 100, (3, 2))
        truth = Detections(np.hstack([corner, corner + 20]).astype(np.float32), rng.integers(1, 3, 3), np.ones(3, "f4"))
        moved = np.where(rng.random((3, 1)) < good, truth.boxes, truth.boxes + 30)
        counts.add(replace(truth, boxes=moved.astype(np.float32), scores=rng.random(3).astype(np.float32)), truth)
    return counts


def test_a_clear_improvement_is_called_better():
    proof = prove(answers([True] * 40), answers([True, True, False, False] * 10))
    assert proof.verdict == BETTER
    assert proof.difference == pytest.approx(0.5)
    assert 0.3 < proof.low < 0.5 < proof.high < 0.7
    assert proof.sentence == f"better by 0.50 accuracy ({proof.low:.2f} … {proof.high:.2f}), 40 pictures"
    assert (proof.new["accuracy"], proof.old["accuracy"]) == (1.0, 0.5)


def test_more_average_precision_is_called_better():
    new, old = (boxes(np.random.default_rng(0), 34, good) for good in (0.95, 0.4))
    proof = prove(new, old, resamples=200)
    assert proof.verdict == BETTER
    assert proof.difference == pytest.approx(new.value - old.value)
    assert proof.sentence.startswith(f"better by {proof.difference:.2f} AP (")


def test_the_same_model_is_not_better():
    proof = prove(answers([True, False] * 20), answers([True, False] * 20))
    assert (proof.verdict, proof.difference, proof.low, proof.high) == (NOT_BETTER, 0, 0, 0)
    assert proof.sentence == "not better: 0.00 accuracy (0.00 … 0.00), 40 pictures"


def test_a_small_difference_is_not_better():
    proof = prove(answers([True] * 21 + [False] * 19), answers([False] * 20 + [True] * 20))
    assert proof.low < 0 < proof.difference < proof.high
    assert proof.verdict == NOT_BETTER


def test_swapped_models_get_mirrored_numbers():
    rng = np.random.default_rng(1)
    new, old = (answers(rng.random(40) < share) for share in (0.9, 0.5))
    there, back = prove(new, old), prove(old, new)
    assert (there.verdict, back.verdict) == (BETTER, WORSE)
    assert (back.difference, back.low, back.high) == pytest.approx((-there.difference, -there.high, -there.low))
    assert back.sentence == there.sentence.replace("better", "worse")
    assert back.per_class["mug"].difference == pytest.approx(-there.per_class["mug"].difference)


def test_less_is_better_where_a_difference_to_the_truth_is_counted():
    rng = np.random.default_rng(2)
    new, old = gray(*rng.integers(100, 110, 20)), gray(*rng.integers(120, 140, 20))
    proof = prove(new, old)
    assert proof.verdict == BETTER
    assert proof.difference == pytest.approx(old.value - new.value)
    assert proof.low > 0
    assert proof.sentence.startswith("better by")
    assert prove(old, new).verdict == WORSE


def test_a_handful_of_pictures_proves_nothing():
    few = LEAST_PICTURES - 1
    proof = prove(answers([True] * few), answers([False] * few))
    assert proof.low > 0
    assert proof.verdict == NOT_BETTER
    assert "9 pictures are too few to prove anything, at least 10 can" in proof.sentence
    assert prove(answers([True] * (few + 1)), answers([False] * (few + 1))).verdict == BETTER


def test_pictures_that_show_nothing_prove_nothing():
    empty = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    counts = tally("detection", ("__background__", *NAMES))
    for _ in range(12):
        counts.add(empty, empty)
    proof = prove(counts, counts)
    assert proof.sentence == "not better: the 12 pictures show nothing to judge by"
    assert proof.per_class == {}


def test_what_was_forgotten_is_told_class_by_class():
    new, old = answers([number % 2 == 0 or number > 15 for number in range(40)]), answers([True] * 40)
    proof = prove(new, old)
    assert proof.lost(NAMES) == pytest.approx({"duck": 0.4, "mug": 0.0})
    assert list(proof.lost(NAMES)) == ["duck", "mug"]
    assert proof.per_class["duck"].high < 0
    assert (proof.per_class["duck"].new, proof.per_class["duck"].old) == pytest.approx((0.6, 1.0))


def test_a_proof_is_the_same_each_time_and_in_a_file():
    rng = np.random.default_rng(3)
    new, old = (answers(rng.random(40) < share) for share in (0.8, 0.6))
    proof = prove(new, old, seed=5)
    assert prove(new, old, seed=5) == proof
    assert prove(new, old, seed=6) != proof
    said = json.loads(json.dumps({**proof.to_json(), "old_model": "mobilenet_v2"}, allow_nan=False))
    assert Proof.from_json(said) == proof


def test_nineteen_of_twenty_intervals_hold_the_true_difference():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(300):
        hard = rng.random(60)  # what is hard for one model is harder for the other
        proof = prove(answers(hard < 0.7), answers((hard + rng.normal(0, 0.1, 60)) < 0.5), resamples=200)
        held += proof.low <= 0.2 <= proof.high
    assert 0.91 <= held / 300 <= 0.98


def test_two_equally_good_models_are_seldom_called_better():
    rng = np.random.default_rng(5)
    verdicts = [
        prove(answers(rng.random(40) < 0.7), answers(rng.random(40) < 0.7), resamples=200).verdict for _ in range(300)
    ]
    assert verdicts.count(BETTER) / 300 < 0.06
    assert verdicts.count(WORSE) / 300 < 0.06
