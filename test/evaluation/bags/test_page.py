"""The report says what result.json says, for people: on one page that needs nothing beside it."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deep_perception.evaluation.bags.page import page
from deep_perception.evaluation.bags.page_pictures import Gallery, Shown
from deep_perception.evaluation.bags.result import conclude
from deep_perception.tasks import TASKS

VOID = ("meta", "img", "br", "hr", "input", "link")
SECTIONS = {
    "classification": ["Figures", "By class", "Confusion", "Over time", "Steadiness"],
    "detection": ["Figures", "By class", "By size", "Precision and recall", "Confusion", "Over time", "Steadiness"],
    "proposals": ["Figures", "By size", "Over time", "Steadiness"],
    "semantic_segmentation": ["Figures", "By class", "Confusion", "Over time", "Steadiness"],
    "colorization": ["Figures", "Over time", "Steadiness"],
    "super_resolution": ["Figures", "Over time"],
}
SECTIONS["instance_segmentation"] = SECTIONS["detection"]
LAST = ["Speed", "How it was made", "What to try next"]
NOTHING = Gallery()
LIVE = {"kind": "topic", "topic": "/detections", "type": "vision_msgs/msg/Detection2DArray"}


class Reader(HTMLParser):
    """Reads a page as a browser does, and complains where that would have to guess."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "iframe")
        for name, value in attrs:
            assert name not in ("src", "href") or value.startswith("data:"), "a page needs nothing beside it"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass  # as in SVG

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def read(result, *, worst=NOTHING, differing=NOTHING):
    text = page(result, Path("judged"), worst, differing)
    assert "http" not in text
    return Reader(text)


@pytest.mark.parametrize("task", TASKS)
def test_every_section_with_content_is_there_and_no_other(task, made_up, known):
    seen = read(conclude(made_up(task), known(task)))
    assert seen.headings == [*SECTIONS[task], *LAST]


@pytest.mark.parametrize("task", TASKS)
def test_the_headline_is_a_sentence(task, made_up, known):
    result = conclude(made_up(task), known(task))
    seen = read(result)
    assert f"on {result['frames']['scored']} pictures of 1 bag" in seen.text
    assert result["headline"]["name"].removeprefix("dB ") in seen.text
    for name, value in result["figures"].items():
        assert value is None or name in seen.text


@pytest.mark.parametrize("task", TASKS)
def test_without_truth_it_is_about_speed_and_steadiness(task, made_up, known, without_truth):
    entries = [without_truth(entry, task) for entry in made_up(task)]
    seen = read(conclude(entries, known(task, truth=None)), worst=Gallery([Shown("the first", [("", b"jpeg")])]))
    assert "Without truth nothing is said of what is right" in seen.text and "pictures a second" in seen.text
    assert {"Figures", "By class", "Confusion", "Precision and recall", "Worst pictures"}.isdisjoint(seen.headings)
    assert {"Pictures", *LAST} <= {*seen.headings}


def test_each_class_is_told(made_up, known):
    result = conclude(made_up("detection"), known("detection"))
    seen = read(result)
    for one in result["classes"]:
        assert f"{one['name']} {one['pictures']} {one['things']} {one['figures']['AP']:.3f}" in seen.text
        assert f"{one['best_threshold']:.3f} {one['precision']:.3f} {one['recall']:.3f} {one['f1']:.3f}" in seen.text


def test_what_is_taken_for_what_is_a_map_of_few_classes_and_a_list_of_many(made_up, known):
    result = conclude(made_up("classification"), known("classification"))
    few = read(result)
    assert "A row is what is true" in few.text
    names = [f"class {number}" for number in range(80)]
    counts = [[9 if row == column else 0 for column in range(80)] for row in range(80)]
    counts[7][33] = 1
    many = read({**result, "confusion": {"rows": names, "columns": names, "counts": counts}})
    assert "class 7 class 33 1 10%" in many.text and "class 8 class" not in many.text


def test_damaged_pictures_are_listed(made_up, known):
    broken = [
        replace(entry, trouble="corrupt", reason="JPEG ends early", evidence=None, judged=False, steady={})
        if entry.number == 3
        else entry
        for entry in made_up("detection")
    ]
    seen = read(conclude(broken, known("detection")))
    assert "Damaged pictures" in seen.headings
    assert "kitchen /front 3 1700000000.300 corrupt JPEG ends early" in seen.text
    assert "damaged pictures" in seen.text, "the time line shows when"


def test_a_robot_s_answers_are_told_with_their_age(made_up, known):
    answered = [
        replace(entry, published_ns=(entry.stamp_ns + 40_000_000,), place=(entry.number,))
        for entry in made_up("detection")
    ]
    answered[5] = replace(answered[5], published_ns=(), place=(), evidence=None, judged=False)
    seen = read(conclude(answered, known("detection", subject=LIVE, orphans=2)))
    assert "As it ran on the robot" in seen.headings
    for words in (
        "40 ms age of half of the answers",
        "11 pictures answered",
        "1 never answered",
        "2 answers to pictures",
    ):
        assert words in seen.text
    assert "age of the answer (ms)" in seen.text


def test_answers_older_than_their_pictures_are_shown_too(made_up, known):
    early = [
        replace(entry, published_ns=(entry.stamp_ns - 1000,), place=(entry.number,)) for entry in made_up("detection")
    ]
    assert "age of the answer (ms)" in read(conclude(early, known("detection", subject=LIVE))).text


def test_several_cameras_are_told_apart(made_up, known):
    entries = [*made_up("detection"), *made_up("detection", camera="/rear", seed=1)]
    seen = read(conclude(entries, known("detection")))
    assert "By camera" in seen.headings
    assert seen.text.count("kitchen /front") == seen.text.count("kitchen /rear") == 2, "a time line and a row each"


def test_what_is_wrong_with_the_input_is_said_at_the_top(made_up, known):
    inputs = [{"bag": "kitchen", "path": "/kitchen", "sha256": "", "damage": "it ends early", "cameras": []}]
    truth = {"said": "boxes.json", "kind": "file", "sha256": "0" * 64, "unused": 7, "unused_stamps": []}
    made = {**known("detection")["made"], "finished": False}
    told = read(conclude(made_up("detection"), known("detection", inputs=inputs, truth=truth, made=made))).text
    top = told.partition("Figures")[0]
    for words in ("kitchen: it ends early", "7 truths of pictures that are not in the bags", "not finished"):
        assert words in top


def test_words_of_others_are_never_taken_for_html(made_up, known):
    evil = "<b>&\"'"
    entries = [replace(entry, bag=evil, camera=evil) for entry in made_up("detection")]
    entries[2] = replace(entries[2], trouble=evil, reason=evil, evidence=None, judged=False)
    subject = {"kind": "model", "model": evil, "weights": evil, "device": evil, "labels": [evil]}
    made = {"when": evil, "command": evil, "versions": {evil: evil}, "machine": {evil: evil}, "seconds": 1.0}
    result = conclude(entries, known("detection", names=[evil] * 4, subject=subject, made=made))
    gallery = Gallery([Shown(evil, [(evil, b"jpeg")])], [evil])
    seen = read(result, worst=gallery)
    assert "b" not in seen.open and seen.text.count(evil) > 10


def test_how_it_was_made_is_told(made_up, known):
    seen = read(conclude(made_up("detection"), known("detection", window={"stride": 3, "start_s": 2.0})))
    assert "deep_perception evaluate" in seen.text and "from 2 s, every 3. picture" in seen.text


def test_what_could_not_be_drawn_is_said(made_up, known):
    gallery = Gallery(missing=["/kitchen is not there any more."])
    assert (
        "/kitchen is not there any more."
        in read(conclude(made_up("detection"), known("detection")), worst=gallery).text
    )
