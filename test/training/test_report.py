import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from deep_perception.config import TrainConfig
from deep_perception.data.examples import Example
from deep_perception.errors import InputError, StorageError
from deep_perception.evaluation.proof import prove
from deep_perception.evaluation.scoring import tally
from deep_perception.models import create
from deep_perception.predictions import Detections
from deep_perception.training.comparison import save_comparisons
from deep_perception.training.rate import RateFinding
from deep_perception.training.report import write_report

NAMES = ("__background__", "mug", "<pawn>")
FOUND = Detections(np.array([[2, 2, 20, 20]], np.float32), np.array([1]), np.array([0.9], np.float32))
NOTHING = Detections(np.empty((0, 4), np.float32), np.empty(0, np.int64), np.empty(0, np.float32))
VOID = {"meta", "img", "br", "hr", "link", "input"}


def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def proof(new: Detections = FOUND, old: Detections = NOTHING) -> dict[str, object]:
    now, before = tally("detection", NAMES), tally("detection", NAMES)
    for _ in range(12):
        now.add(new, FOUND)
        before.add(old, FOUND)
    return prove(now, before, resamples=50).to_json()


def say(run: Path, name: str, said: Mapping[str, object]) -> None:
    (run / name).write_text(json.dumps(said))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a training that is over."""
    config = {**asdict(TrainConfig(model="lenet5")), "dataset": "/data/mugs & more", "classes": NAMES}
    say(tmp_path, "config.json", config)
    say(tmp_path, "transfer.json", {"sentences": ["kept 12 layers"]})
    say(tmp_path, "overfit.json", {"what": "fine: the loss fell from 2 to 0.01"})
    say(tmp_path, "gradients.json", {"findings": ["7 % of the gradients were cut"]})
    finding = RateFinding((1e-5, 1e-4, 1e-3), (2.0, 1.0, 3.0), 3e-5, "a third of 9e-05")
    say(tmp_path, "rate.json", asdict(finding))
    history = [{"epoch": 1, "loss_class": 1.0, "AP": 0.2}, {"epoch": 2, "loss_class": 0.5, "AP": 0.4}]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in history))
    for name in ("rate", "curves", "contact_sheet"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), photo())
    say(tmp_path, "proof.json", {**proof(), "old_model": "lenet5", "old_weights": "present.safetensors"})
    (tmp_path / "examples").mkdir()
    for kind in ("truth", "before", "now"):
        cv2.imwrite(str(tmp_path / f"examples/one_{kind}.jpg"), photo())
    return tmp_path


class Balance(HTMLParser):
    """Fails where a tag is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(run: Path) -> str:
    text = write_report(run).read_text(encoding="utf-8")
    balance = Balance()
    balance.feed(text)
    assert balance.open == []
    return text


def headings(text: str) -> list[str]:
    return re.findall("<h[12]>(.*?)</h[12]>", text)


def test_the_verdict_stands_first_then_its_proof_and_all_that_led_there(run: Path) -> None:
    text = text_of(run)
    assert headings(text) == [
        "Better by 1.00 AP (1.00 … 1.00), 12 pictures",
        "Proof",
        "Test pictures",
        "How it went",
        "What it learnt from",
        "Learning rate",
        "What it began with",
        "Settings",
        "What to try next",
    ]
    assert '<span class="verdict good">better</span>' in text
    for said in ("a third of 9e-05", "kept 12 layers", "7 % of the gradients", "fine: the loss fell", "weight_decay"):
        assert said in text
    assert "lenet5 with weights present.safetensors" in text


def test_the_page_needs_nothing_beside_it(run: Path) -> None:
    text = text_of(run)
    sources = re.findall(r'src="(.*?)"', text)
    assert len(sources) == 6 and not re.search(r"https?://|<script|<link", text)
    for source in sources:
        kind, data = source.split(";base64,")
        assert kind in ("data:image/png", "data:image/jpeg")
        assert cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR) is not None


def test_names_are_shown_as_they_are_written(run: Path) -> None:
    text = text_of(run)
    assert "&lt;pawn&gt;" in text and "<pawn>" not in text and "/data/mugs &amp; more" in text


def test_of_many_classes_a_few_are_named(run: Path) -> None:
    say(run, "config.json", {"model": "lenet5", "classes": [f"class{number}" for number in range(20)]})
    assert "to know class0, class1" in text_of(run) and "class7 and 12 more" in text_of(run)


@pytest.mark.parametrize(
    ("said", "verdict", "lost"),
    [
        (lambda: proof(NOTHING, FOUND), '<span class="verdict bad">worse</span>', True),
        (lambda: proof(FOUND, FOUND), '<span class="verdict soft">not better</span>', False),
    ],
)
def test_a_model_that_is_no_better_is_not_praised_and_what_it_lost_is_named(
    run: Path, said: Callable[[], dict[str, object]], verdict: str, lost: bool
) -> None:
    say(run, "proof.json", said())
    text = text_of(run)
    assert verdict in text
    assert ("But mug lost 1.00." in text) == lost


@pytest.mark.parametrize(
    ("missing", "heading"),
    [
        ("examples/one_truth.jpg", "Test pictures"),
        ("curves.png", "How it went"),
        ("contact_sheet.png", "What it learnt from"),
        ("rate.png", "Learning rate"),
        ("config.json", "Settings"),
        ("proof.json", "Proof"),
    ],
)
def test_what_is_missing_is_left_out(run: Path, missing: str, heading: str) -> None:
    (run / missing).unlink()
    text = text_of(run)
    assert heading not in headings(text) and len(headings(text)) == 8


def test_a_training_that_is_not_finished_says_how_to_go_on(tmp_path: Path) -> None:
    say(tmp_path, "config.json", {"dataset": "/data/mugs"})
    text = text_of(tmp_path)
    assert headings(text) == ["Not finished", "Settings", "What to try next"]
    assert f"deep_perception train /data/mugs --out {tmp_path} --resume" in text


def test_an_empty_folder_has_a_report_too(tmp_path: Path) -> None:
    assert headings(text_of(tmp_path)) == ["Not finished", "What to try next"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere is no folder"):
        write_report(tmp_path / "nowhere")


@pytest.mark.parametrize("said", ["{", '{"unit": "AP"}'])
def test_a_damaged_file_is_named(run: Path, said: str) -> None:
    (run / "proof.json").write_text(said)
    with pytest.raises(InputError, match=r"proof.json .*Train anew"):
        write_report(run)


def test_what_both_models_find_is_saved_beside_the_truth(tmp_path: Path) -> None:
    model = create("ssdlite320_mobilenet_v3_large", "none")
    examples = [Example(name, photo(), FOUND) for name in ("one", "two")]
    save_comparisons(tmp_path, examples, NAMES, model, model)
    save_comparisons(tmp_path, [Example("three", photo(), FOUND)], NAMES, model)
    names = {file.name for file in (tmp_path / "examples").iterdir()}
    both = {f"{name}_{kind}.jpg" for name in ("one", "two") for kind in ("truth", "before", "now")}
    assert names == {*both, "three_truth.jpg", "three_now.jpg"}
    assert text_of(tmp_path).count("<figcaption") == 3


def test_a_place_that_cannot_be_written_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "examples").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="examples"):
        save_comparisons(tmp_path, [Example("one", photo(), FOUND)], NAMES, create("lenet5", "none"))
