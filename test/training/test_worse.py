"""A model that is better as a whole may have forgotten something; that is said."""

from collections.abc import Mapping

from deep_perception.evaluation.proof import Change, Proof
from deep_perception.training.worse import worse_classes


def change(old: float, new: float) -> Change:
    return Change(new, old, new - old, new - old - 0.01, new - old + 0.01)


def proof(per_class: Mapping[str, Change]) -> Proof:
    found = {"unit": "AP", "new": {}, "old": {}, "difference": 0.1, "low": 0.05, "high": 0.15, "verdict": "better"}
    return Proof(**found, sentence="better", per_class=per_class, pictures=40, resamples=10, seed=0)


def test_classes_that_lost_are_named_most_first_and_the_others_are_not() -> None:
    classes = {"pen": change(0.5, 0.48), "cup": change(0.5, 0.44), "mug": change(0.9, 0.7), "pawn": change(0.0, 0.8)}
    assert worse_classes(proof(classes)) == "but mug lost 0.20, cup lost 0.06"
    assert worse_classes(proof({"pen": change(0.5, 0.48)})) == "", "too little to be told from chance"
    assert worse_classes(proof({})) == ""
