"""result.json follows from the lines of all pictures: the same for the same lines, however they were made."""

import json
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.bags.result import FIGURES, conclude
from deep_perception.evaluation.bags.timeline import MOST_POINTS
from deep_perception.evaluation.proof import interval
from deep_perception.tasks import TASKS

KEYS = [
    "schema",
    "made",
    "subject",
    "task",
    "names",
    "inputs",
    "truth",
    "window",
    "frames",
    "damaged",
    "headline",
    "figures",
    "threshold",
    "classes",
    "curves",
    "confusion",
    "steadiness",
    "by_stream",
    "live",
    "timeline",
    "worst",
    "speed",
    "compared",
]
FIGURES_TOLD = {
    "classification": "accuracy, top-5, mean class accuracy",
    "detection": "AP, AP50, AP75, AP small, AP medium, AP large, AR100",
    "proposals": "AR, AR50, AR75, AR small, AR medium, AR large",
    "instance_segmentation": "mask AP, mask AP50, mask AP75, mask AP small, mask AP medium, mask AP large, mask AR100, "
    "box AP",
    "semantic_segmentation": "mIoU, pixel accuracy, mean class accuracy",
    "colorization": "CIEDE2000, colourfulness, colourfulness of the truth, dB PSNR",
    "super_resolution": "dB PSNR, dB PSNR RGB, SSIM, SSIM RGB",
}
BY_CLASS = ("classification", "detection", "instance_segmentation", "semantic_segmentation")
LIVE = {"kind": "topic", "topic": "/detections"}


@pytest.mark.parametrize("task", TASKS)
def test_every_key_is_there_for_every_task(task, made_up, known):
    result = conclude(made_up(task), known(task))
    assert [*result] == KEYS
    assert result["schema"] == 1
    assert ", ".join(result["figures"]) == FIGURES_TOLD[task]
    assert {*result["frames"]} == {"read", "scored", "without_truth", "unanswered", "damaged", "repeated"}
    headline = result["headline"]
    assert [*headline] == ["name", "value", "low", "high", "lower_is_better"]
    assert headline["name"] == next(iter(result["figures"]))
    assert headline["value"] == pytest.approx(result["figures"][headline["name"]])
    assert headline["low"] < headline["value"] < headline["high"]
    assert headline["lower_is_better"] == (task == "colorization")
    [stream], [by_stream] = result["timeline"], result["by_stream"]
    assert {*stream} == {
        *["bag", "camera", "start_ns", "stamps_s", "score", "found", "missed", "wrong", "age_ms", "trouble"]
    }
    assert by_stream == {"bag": "kitchen", "camera": "/front", "frames": 12, "figures": result["figures"]}
    assert {*result["worst"][0]} == {"bag", "camera", "number", "stamp_ns", "score", "why"}
    assert {*result["steadiness"]} == {"figures", "counts"}
    assert result["speed"]["frames_per_second"] == 6
    assert {*result["speed"]["stages"]["model"]} == {"p50_ms", "p95_ms", "share"}
    assert bool(result["classes"]) == bool(result["confusion"]) == (task in BY_CLASS)


@pytest.mark.parametrize("task", BY_CLASS)
def test_every_key_of_a_class_is_there(task, made_up, known):
    result = conclude(made_up(task), known(task))
    assert [row["name"] for row in result["classes"]] == ["cup", "ball", "die"]
    for row in result["classes"]:
        assert [*row] == [*["name", "pictures", "things", "figures", "best_threshold", "precision", "recall", "f1"]]
        assert (row["things"] is None) == (task == "semantic_segmentation")
        assert 0 < row["f1"] <= 1
    counts = np.array(result["confusion"]["counts"])
    assert counts.shape == (len(result["confusion"]["rows"]), len(result["confusion"]["columns"]))
    assert result["confusion"]["rows"][:3] == result["confusion"]["columns"][:3] == ["cup", "ball", "die"]


@pytest.mark.parametrize("task", ["detection", "instance_segmentation"])
def test_things_have_curves_and_thresholds(task, made_up, known):
    result = conclude(made_up(task), known(task))
    assert 0 < result["threshold"] < 1
    assert [curve["name"] for curve in result["curves"]] == ["cup", "ball", "die"]
    for curve, row in zip(result["curves"], result["classes"], strict=True):
        assert [len(curve[name]) for name in ("recall", "precision", "score")] == [101] * 3
        assert np.mean(curve["precision"]) == pytest.approx(next(iter([*row["figures"].values()][1:])))
        known_scores = [score for score in curve["score"] if score is not None]
        assert known_scores == sorted(known_scores, reverse=True)
        assert 0 < row["best_threshold"] < 1


@pytest.mark.parametrize("task", TASKS)
def test_two_bags_are_counted_as_one(task, made_up, known):
    two = [*made_up(task, seed=1), *made_up(task, bag="corridor", seed=2)]
    apart = conclude(two, known(task))
    together = conclude([replace(entry, bag="one") for entry in two], known(task))
    for name in ("headline", "figures", "threshold", "classes", "curves", "confusion"):
        assert apart[name] == together[name]
    alone = [
        conclude(made_up(task, bag=bag, seed=seed), known(task)) for seed, bag in ((1, "kitchen"), (2, "corridor"))
    ]
    assert [row["figures"] for row in apart["by_stream"]] == [one["figures"] for one in alone]


def test_no_average_is_averaged(made_up, known):
    """A bag of one wrong picture and one of eleven right ones are eleven of twelve."""
    entries = [*made_up("classification", count=11, skill=1), *made_up("classification", bag="other", count=1)]
    evidence = {**entries[-1].evidence, "labels": [1], "scores": [0.5], "true": 2}
    result = conclude([*entries[:-1], replace(entries[-1], evidence=evidence)], known("classification"))
    assert result["figures"]["accuracy"] == pytest.approx(11 / 12)
    assert [row["figures"]["accuracy"] for row in result["by_stream"]] == [1, 0]


@pytest.mark.parametrize("task", TASKS)
def test_the_same_lines_say_the_same_and_times_are_kept_apart(task, made_up, known):
    results = []
    for factor in (1, 3):
        slower = (
            replace(entry, seconds={stage: factor * each for stage, each in entry.seconds.items()})
            for entry in made_up(task)
        )
        made = {"when": f"{factor} o'clock", "seconds": 2.0 * factor}
        results.append(conclude(slower, known(task, made=made)))
    assert results[0]["speed"] != results[1]["speed"]
    for result in results:
        result.pop("speed"), result.pop("made")
    first, second = (json.dumps(result, allow_nan=False) for result in results)
    assert first == second


@pytest.mark.parametrize("task", TASKS)
def test_without_truth_there_is_no_score_but_the_rest(task, made_up, known, without_truth):
    entries = [without_truth(entry, task) for entry in made_up(task, count=40)]
    result = conclude(entries, known(task, truth=None))
    assert [*result] == KEYS
    assert result["frames"]["without_truth"] == 40
    assert result["headline"] is result["confusion"] is result["threshold"] is None
    assert (result["figures"], result["classes"], result["curves"]) == ({}, [], [])
    assert result["steadiness"]["counts"] == conclude(made_up(task, count=40), known(task))["steadiness"]["counts"]
    assert len(result["worst"]) == 12 and result["worst"][0]["score"] is None
    assert result["speed"]["stages"]["model"]["share"] > 0.9


@pytest.mark.parametrize("task", TASKS)
def test_nothing_at_all_is_a_result_too(task, known):
    result = conclude([], known(task))
    assert [*result] == KEYS
    assert result["frames"]["read"] == 0
    json.dumps(result, allow_nan=False)


def test_what_cannot_be_known_is_null(made_up, known):
    [first, *_] = made_up("detection", count=1)
    result = conclude([first], known("detection"))
    assert result["headline"]["low"] is result["headline"]["high"] is None
    assert result["figures"]["AP large"] is None
    json.dumps(result, allow_nan=False)


def test_pictures_are_counted_by_what_became_of_them(made_up, known, without_truth):
    entries = [*made_up("detection", count=6)]
    entries[1] = without_truth(entries[1], "detection")
    entries[2] = replace(entries[2], evidence=None, judged=False)
    entries[3] = replace(entries[3], evidence=None, judged=False, trouble="cut off", reason="the picture ends early")
    entries[4] = replace(entries[4], repeated=True)
    result = conclude(entries, known("detection"))
    assert [*result["frames"].values()] == [6, 2, 1, 1, 1, 1]
    [damaged] = result["damaged"]
    assert damaged == {
        "bag": "kitchen",
        "camera": "/front",
        "number": 3,
        "stamp_ns": entries[3].stamp_ns,
        "kind": "cut off",
        "reason": "the picture ends early",
    }
    alone = conclude([entries[0], entries[5]], known("detection"))
    assert result["figures"] == alone["figures"]
    assert sum(result["timeline"][0]["trouble"]) == 1


def test_of_many_damaged_pictures_the_first_are_listed_and_all_counted(known):
    entries = [Entry("a", "/b", number, None, 0, 0, trouble="torn", reason="torn") for number in range(300)]
    result = conclude(entries, known("detection"))
    assert result["frames"]["damaged"] == 300
    assert [one["number"] for one in result["damaged"]] == [*range(200)]


def test_found_missed_and_wrong_are_those_of_the_common_threshold(made_up, known):
    result = conclude(made_up("detection", count=30), known("detection"))
    confusion, [line] = result["confusion"], result["timeline"]
    assert confusion["rows"][-1] == "nothing"
    true = sum(row["things"] for row in result["classes"])
    assert sum(line["found"]) + sum(line["missed"]) == true == 120
    assert sum(map(sum, confusion["counts"][:-1])) == true
    answered = sum(line["found"]) + sum(line["wrong"])
    assert answered == sum(map(sum, confusion["counts"])) - sum(row[-1] for row in confusion["counts"])


def test_the_worst_pictures_come_first(made_up, known):
    for task in ("super_resolution", "colorization"):
        scores = [row["score"] for row in conclude(made_up(task, count=20), known(task))["worst"]]
        assert scores == sorted(scores, reverse=task == "colorization")
        assert len(scores) == 12


def test_a_long_stream_has_a_point_for_even_times(made_up, known):
    [entry] = made_up("classification", count=1)
    stamps = [*range(500), *range(900, 1000)]
    long = [replace(entry, number=place, stamp_ns=entry.stamp_ns + stamp) for place, stamp in enumerate(stamps)]
    [line] = conclude(long, known("classification"))["timeline"]
    assert len(line["stamps_s"]) == len(line["score"]) == MOST_POINTS
    np.testing.assert_allclose(np.diff(line["stamps_s"]), 999e-9 / MOST_POINTS)
    assert line["start_ns"] == entry.stamp_ns
    assert line["score"][200] is None and line["score"][0] is not None
    assert sum(line["found"]) + sum(line["wrong"]) == 600


def test_a_live_recording_tells_how_old_answers_were_and_what_went_missing(made_up, known):
    entries = [*made_up("detection", count=5)]
    ages = {0: (20, 30), 1: (40,), 2: (), 3: (60,), 4: (80,)}
    places = {0: (0, 1), 1: (4,), 2: (), 3: (3,), 4: (5,)}
    published = [
        replace(
            entry,
            published_ns=tuple(entry.stamp_ns + age * 1_000_000 for age in ages[place]),
            place=places[place],
            evidence=entry.evidence if ages[place] else None,
        )
        for place, entry in enumerate(entries)
    ]
    result = conclude(published, known("detection", subject=LIVE, orphans=3))
    assert result["live"] == {
        "answered": 4,
        "never_answered": 1,
        "duplicates": 1,
        "out_of_order": 1,
        "orphans": 3,
        "age_ms": pytest.approx({"p50": 50, "p95": 77, "max": 80}),
    }
    assert result["timeline"][0]["age_ms"] == [pytest.approx(age) if age else None for age in (20, 40, 0, 60, 80)]
    assert conclude(entries, known("detection"))["live"] is None


def test_nobody_answered_is_told_without_ages(made_up, known):
    silent = [replace(entry, evidence=None) for entry in made_up("detection", count=3)]
    live = conclude(silent, known("detection", subject=LIVE))["live"]
    assert (live["never_answered"], live["age_ms"]) == (3, {"p50": None, "p95": None, "max": None})


def test_lines_are_read_once_and_one_after_the_other(made_up, known):
    """An iterator, so that nothing can be read twice."""
    held = []

    def watched():
        for entry in chain(made_up("detection"), made_up("detection", bag="corridor")):
            held.append(entry.number)
            yield entry

    assert conclude(watched(), known("detection"))["frames"]["read"] == len(held) == 24


def test_a_stream_may_be_one_of_many(made_up, known):
    several = chain.from_iterable(made_up("detection", camera=f"/{place}", seed=place, count=3) for place in range(3))
    result = conclude(several, known("detection"))
    assert [row["camera"] for row in result["by_stream"]] == ["/0", "/1", "/2"]
    assert [line["camera"] for line in result["timeline"]] == ["/0", "/1", "/2"]


def test_with_few_pictures_there_is_no_interval(made_up):
    kind = FIGURES["classification"]
    for count, there in ((9, False), (10, True)):
        figures = kind(
            ("", "cup", "ball", "die"), [kind.unit(e.evidence) for e in made_up("classification", count=count)]
        )
        low, high = interval(figures.tally)
        assert (low is not None and high is not None) == there
