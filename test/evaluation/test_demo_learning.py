"""The learning demo says plainly where the loop fell short."""

import json
from dataclasses import asdict, replace

import numpy as np

from deep_perception.evaluation.demo_learning import Learning, from_json, questions
from deep_perception.evaluation.matching import Counts
from deep_perception.scenes import ALL_LABELS, LABELS

GOOD = Learning(
    newcomer="pawn",
    saved=400,
    verdict="better by 0.60 AP (0.50 … 0.70), 40 pictures",
    before={"ball": 0.7, "mug": 0.8, "pawn": 0.0},
    after={"ball": 0.69, "mug": 0.78, "pawn": 0.6},
    live={"pawn": Counts(9, 1, 1), "ball": Counts(5, 0, 0)},
    version=2,
    rolled_back=True,
    seconds={"Training": 60.0},
)


def test_what_is_forgotten_is_the_mean_loss_of_the_classes_known_before():
    assert np.isclose(GOOD.forgotten, 0.015)
    assert GOOD.shortfalls() == []


def test_each_way_to_fall_short_is_a_line():
    assert "expected better" in replace(GOOD, verdict="not better: 0.00 AP").shortfalls()[0]
    assert "lost 0.100 AP" in replace(GOOD, after={"ball": 0.6, "mug": 0.7, "pawn": 0.6}).shortfalls()[0]
    assert "publishes pawn" in replace(GOOD, live={"pawn": Counts(1, 9, 0)}).shortfalls()[0]
    assert "publishes pawn" in replace(GOOD, live={}).shortfalls()[0]
    assert "rollback" in replace(GOOD, rolled_back=False).shortfalls()[0]


def test_it_comes_back_from_json_as_it_was():
    assert from_json(json.loads(json.dumps(asdict(GOOD)))) == GOOD


def test_the_questions_show_the_newcomer_among_the_others():
    asked = questions("pawn", 2)
    labels = np.concatenate([one.target.labels for one in asked])
    assert ALL_LABELS.index("pawn") in labels
    assert (labels < len(LABELS)).any()
