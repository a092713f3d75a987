"""The demo's figures are honest, its verdict strict, and its page whole."""

import json
from dataclasses import asdict, replace
from html.parser import HTMLParser

import pytest

from deep_perception.evaluation.demo_page import page
from deep_perception.evaluation.demo_result import Figure, Result, Shot, Stream, from_json, measure
from deep_perception.evaluation.matching import Counts

MS = 1_000_000
STAMPS = [100 * MS * number for number in range(10)]
RECALL = Figure("detection", "recall", 0.95, 0.90, 100)
ACCURACY = Figure("classification", "accuracy", 0.99, 0.90, 100)
GOOD = Result(
    15,
    9,
    (Stream("detections", "Detection2DArray", 150, 10.0, 60.0, 90.0, 150, 0, 0),),
    (RECALL, ACCURACY),
    classes={"ball": Counts(95, 5, 5), "mug": Counts(100, 0, 0)},
    score_threshold=0.5,
    facts={"detector device": "cpu"},
    shots=(
        Shot("detection", "5 of 6 found, 0 wrong", (("truth", "a.jpg"), ("answer", "b.jpg"))),
        Shot("colorization", "colours 3.0 off", (("truth", "a.jpg"), ("gray", "b.jpg"), ("answer", "c.jpg"))),
    ),
    annotated="c.jpg",
)
FILES = {"a.jpg": b"1", "b.jpg": b"2", "c.jpg": b"3"}


def test_rate_and_age_follow_from_stamps_and_arrivals():
    stream = measure("image", "Image", {stamp: stamp + 20 * MS for stamp in STAMPS})
    assert (stream.messages, stream.rate_hz) == (10, pytest.approx(10))
    assert (stream.age_p50_ms, stream.age_p95_ms) == (20, 20)
    assert stream.published is stream.answered is stream.lost is None


def test_every_published_picture_is_answered_skipped_or_lost():
    arrivals = {stamp: stamp + 5 * MS for stamp in STAMPS[:6]}
    stream = measure("detections", "Detection2DArray", arrivals, STAMPS, dropped=3)
    assert (stream.published, stream.answered, stream.skipped, stream.lost) == (10, 6, 3, 1)
    stream = measure("detections", "Detection2DArray", arrivals, STAMPS, dropped=30)
    assert (stream.skipped, stream.lost) == (4, 0)


@pytest.mark.parametrize("arrivals", [{}, {0: 5}])
def test_a_topic_with_hardly_a_message_has_no_rate(arrivals):
    stream = measure("image", "Image", arrivals, [0])
    assert stream.rate_hz is None
    assert stream.lost == 1 - len(arrivals)


def test_a_good_run_has_no_shortfall():
    assert GOOD.shortfalls() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"figures": (replace(RECALL, value=0.89),)}, ["detection: recall 0.890, expected at least 0.9"]),
        (
            {"figures": (Figure("super_resolution", "agreement", 20, 30, 5, "dB"),)},
            ["super_resolution: agreement 20.0 dB, expected at least 30"],
        ),
        ({"classes": {}}, ["no thing was there to be found, expected many"]),
        (
            {"figures": (replace(ACCURACY, judged=0),) * 2},
            ["classification: no answer was compared with the truth, expected many"],
        ),
        ({"streams": (Stream("image", "Image", 0, None, None, None),)}, ["nothing arrived on image"]),
    ],
)
def test_what_is_not_good_enough_is_named_with_its_figure(change, says):
    assert replace(GOOD, **change).shortfalls() == says


def test_a_result_survives_json():
    assert from_json(json.loads(json.dumps(asdict(GOOD)))) == GOOD
    assert json.loads(json.dumps(GOOD.summary()))["shortfalls"] == []


class Links(HTMLParser):
    """Notes what a page asks for, and whether every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("result", [GOOD, replace(GOOD, classes={}, shots=(), annotated="", figures=())])
def test_the_page_is_well_formed_and_needs_no_other_file(result):
    parser = Links()
    parser.feed(page(result, FILES))
    assert parser.open == []
    assert all(link.startswith("data:image/jpeg;base64,") for link in parser.links)
    assert len(parser.links) == sum(len(shot.pictures) for shot in result.shots) + bool(result.annotated)


def test_the_page_says_aloud_that_the_demo_failed():
    bad = page(replace(GOOD, figures=(replace(ACCURACY, value=0.5),)), FILES)
    assert "FAILED" in bad
    assert "accuracy 0.500" in bad
    assert "FAILED" not in page(GOOD, FILES)


def test_names_cannot_break_the_page():
    strange = replace(GOOD, facts={"detector model": "<script>alert(1)</script>"}, shots=(), annotated="")
    assert "<script>" not in page(strange, {})
