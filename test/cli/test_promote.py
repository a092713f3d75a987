"""`deep_perception promote`: what it reads from the folder of a training."""

import json
from pathlib import Path

import pytest

from deep_perception.cli.promote import read
from deep_perception.errors import InputError
from deep_perception.models import create, save


@pytest.fixture
def run(tmp_path: Path) -> Path:
    save(create("lenet5", "none", labels=("mug", "pawn"), device="cpu"), tmp_path / "model.safetensors")
    figures = {"unit": "accuracy", "new": {}, "old": {}, "difference": 0.1, "low": 0.05, "high": 0.15}
    lost = {"new": 0.5, "old": 0.7, "difference": -0.2, "low": -0.3, "high": -0.1}
    counted = {"per_class": {"mug": lost}, "pictures": 40, "resamples": 10, "seed": 0}
    say(tmp_path, {"verdict": "better", "sentence": "better by 0.1 accuracy", **figures, **counted})
    return tmp_path


def say(run: Path, proof: dict[str, object]) -> None:
    (run / "proof.json").write_text(json.dumps(proof))


def test_what_got_worse_is_read_with_the_verdict(run: Path) -> None:
    found = read(run)
    assert (found.verdict, found.sentence, found.worse) == ("better", "better by 0.1 accuracy", "but mug lost 0.20")


def test_a_proof_that_is_damaged_is_named(run: Path) -> None:
    say(run, {"verdict": "better", "sentence": "better", "per_class": {"mug": {"old": 1}}})
    with pytest.raises(InputError, match=r"proof.json is damaged"):
        read(run)
