"""The demo's figures are honest, its verdict strict, and its page whole."""

import json
from dataclasses import asdict, replace
from html.parser import HTMLParser

import pytest

from deep_perception.evaluation.demo_page import page
from deep_perception.evaluation.demo_result import Result, Shot, Stream, from_json, measure
from deep_perception.evaluation.matching import Counts

MS = 1_000_000
STAMPS = [100 * MS * number for number in range(10)]
GOOD = Result(
    15,
    9,
    (Stream("detections", "Detection2DArray", 150, 10.0, 60.0, 90.0, 150, 0, 0),),
    classes={"ball": Counts(95, 5, 5), "mug": Counts(100, 0, 0)},
    score_threshold=0.5,
    judged=100,
    right=99,
    facts={"detector device": "cpu"},
    shots=(Shot("a.jpg", "b.jpg", Counts(5, 1, 0), "wood", "wood", 0.9),),
    annotated="c.jpg",
)


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
        ({"classes": {"ball": Counts(89, 11, 0)}}, ["detections: recall 0.890, expected at least 0.90"]),
        ({"classes": {"ball": Counts(89, 0, 11)}}, ["detections: precision 0.890, expected at least 0.90"]),
        ({"classes": {}}, ["no thing was there to be found, expected many"]),
        ({"right": 89}, ["classification: accuracy 0.890, expected at least 0.90"]),
        ({"streams": (Stream("image", "Image", 0, None, None, None),)}, ["nothing arrived on image"]),
    ],
)
def test_what_is_not_good_enough_is_named_with_its_figure(change, says):
    assert replace(GOOD, **change).shortfalls() == says


def test_no_classification_at_all_is_a_shortfall():
    assert (
        "no classification was compared with the truth, expected many" in replace(GOOD, judged=0, right=0).shortfalls()
    )


def test_a_result_survives_json():
    assert from_json(json.loads(json.dumps(asdict(GOOD)))) == GOOD
    assert json.loads(json.dumps(GOOD.summary()))["recall"] == GOOD.counts.recall == 0.975


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


@pytest.mark.parametrize("result", [GOOD, replace(GOOD, classes={}, shots=(), annotated="", judged=0)])
def test_the_page_is_well_formed_and_needs_no_other_file(result):
    parser = Links()
    parser.feed(page(result, {"a.jpg": b"1", "b.jpg": b"2", "c.jpg": b"3"}))
    assert parser.open == []
    assert all(link.startswith("data:image/jpeg;base64,") for link in parser.links)
    assert len(parser.links) == 2 * len(result.shots) + bool(result.annotated)


def test_the_page_says_aloud_that_the_demo_failed():
    bad = page(replace(GOOD, right=50), {"a.jpg": b"1", "b.jpg": b"2", "c.jpg": b"3"})
    assert "FAILED" in bad
    assert "accuracy 0.500" in bad
    assert "FAILED" not in page(GOOD, {"a.jpg": b"1", "b.jpg": b"2", "c.jpg": b"3"})


def test_names_cannot_break_the_page():
    strange = replace(GOOD, facts={"detector model": "<script>alert(1)</script>"}, shots=(), annotated="")
    assert "<script>" not in page(strange, {})
