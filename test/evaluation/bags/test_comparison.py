"""Two evaluations are compared picture by picture, and only if they were asked the same."""

import json
from dataclasses import replace

import pytest

from deep_perception.errors import InputError
from deep_perception.evaluation.bags.comparison import compare
from deep_perception.evaluation.bags.folder import EvaluationFolder
from deep_perception.evaluation.bags.result import conclude
from deep_perception.tasks import TASKS

KEYS = [
    "first",
    "second",
    "path",
    "pictures",
    "only_first",
    "only_second",
    "verdict",
    "sentence",
    "headline",
    "classes",
    "figures",
    "steadiness",
    "speed",
    "differ",
]


@pytest.fixture
def evaluated(tmp_path, known):
    """Leave a folder as an evaluation does."""

    def write(name, entries, task, **changed):
        folder = EvaluationFolder(tmp_path / name)
        folder.file_of(0).parent.mkdir(parents=True)
        folder.file_of(0).write_text("".join(entry.to_json() + "\n" for entry in entries))
        subject = {"kind": "model", "model": name}
        folder.write("result.json", conclude(folder.entries(), known(task, subject=subject, **changed)))
        return folder.path

    return write


@pytest.mark.parametrize("task", TASKS)
def test_the_better_one_is_proven_better(task, made_up, evaluated):
    good = evaluated("good", made_up(task, count=20, skill=0.95), task)
    bad = evaluated("bad", made_up(task, count=20, skill=0.3), task)
    said = compare(good, bad)
    assert [*said] == KEYS
    assert said["verdict"] == "better"
    assert said["sentence"].startswith("better by ") and said["sentence"].endswith("20 pictures")
    assert (said["first"]["model"], said["second"]["model"]) == ("good", "bad")
    assert said["headline"]["low"] > 0
    name = said["headline"]["name"]
    for side in ("first", "second"):
        result = EvaluationFolder(good if side == "first" else bad).result()
        assert said["figures"][name][side] == said["headline"][side] == result["figures"][name]
        assert said["speed"]["frames_per_second"][side] == result["speed"]["frames_per_second"]
        assert {key: pair[side] for key, pair in said["steadiness"].items()} == result["steadiness"]["figures"]
    json.dumps(said, allow_nan=False)


def test_the_pictures_that_differ_most_come_first(made_up, evaluated):
    entries = [*made_up("super_resolution", count=20)]
    changed = list(entries)
    for place, less in ((7, 5), (3, 2)):
        worse = {**entries[place].evidence, "dB PSNR": entries[place].evidence["dB PSNR"] - less}
        changed[place] = replace(entries[place], evidence=worse)
    said = compare(evaluated("a", entries, "super_resolution"), evaluated("b", changed, "super_resolution"))
    assert [row["number"] for row in said["differ"]] == [7, 3]
    row = said["differ"][0]
    assert (row["bag"], row["camera"], row["stamp_ns"]) == ("kitchen", "/front", entries[7].stamp_ns)
    assert row["first"] - row["second"] == pytest.approx(5)
    assert "; the other " in row["why"]


def test_classes_are_compared_one_by_one(made_up, evaluated):
    folders = [
        evaluated(str(skill), made_up("classification", count=40, skill=skill), "classification") for skill in (1, 0)
    ]
    assert compare(*folders[::-1])["verdict"] == "worse"
    rows = compare(*folders)["classes"]
    assert [row["name"] for row in rows] == ["cup", "ball", "die"]
    for row in rows:
        assert row["difference"] == pytest.approx(row["first"] - row["second"])
        assert row["low"] <= row["difference"] <= row["high"]


def test_pictures_are_paired_by_bag_topic_and_stamp(made_up, evaluated):
    entries = [*made_up("detection", count=20)]
    elsewhere = replace(entries[3], camera="/rear")
    later = replace(entries[4], stamp_ns=entries[4].stamp_ns + 1)
    renumbered = replace(entries[5], number=99)
    other = [*entries[:3], elsewhere, later, renumbered, *entries[6:]]
    said = compare(evaluated("a", entries, "detection"), evaluated("b", other, "detection"))
    assert (said["pictures"], said["only_first"], said["only_second"]) == (18, 2, 2)
    assert said["verdict"] == "not better"
    assert said["headline"]["difference"] == 0


def test_without_truth_steadiness_and_speed_are_compared(made_up, evaluated, without_truth):
    folders = [
        evaluated(
            name,
            [without_truth(entry, "detection") for entry in made_up("detection", seed=len(name))],
            "detection",
            truth=None,
        )
        for name in ("a", "bb")
    ]
    said = compare(*folders)
    assert [*said] == KEYS
    assert (said["verdict"], said["headline"], said["figures"], said["differ"]) == (None, None, {}, [])
    assert said["steadiness"]["box change"]["first"] != said["steadiness"]["box change"]["second"]


def test_different_tasks_are_not_compared(made_up, evaluated):
    folders = [evaluated(task, made_up(task), task) for task in ("detection", "classification")]
    with pytest.raises(InputError, match=r"is about detection, .* about classification\. Compare one task at a time"):
        compare(*folders)


def test_different_truths_are_not_compared(made_up, evaluated):
    other = {"said": "/labels", "kind": "topic", "sha256": None, "unused": 0, "unused_stamps": []}
    folders = [
        evaluated("a", made_up("detection"), "detection"),
        evaluated("b", made_up("detection"), "detection", truth=other),
        evaluated("c", made_up("detection"), "detection", truth=None),
    ]
    with pytest.raises(
        InputError, match=r"a was judged by '/truth', .*b by '/labels'.*Evaluate both with the same --truth"
    ):
        compare(*folders[:2])
    with pytest.raises(InputError, match="c by 'nothing'"):
        compare(folders[0], folders[2])


def test_one_file_of_truth_is_the_same_wherever_it_lies(made_up, evaluated):
    said = [{"said": f"/{place}/t.json", "kind": "coco", "sha256": "ab", "unused": 0} for place in "xy"]
    folders = [evaluated(one["said"][1], made_up("detection"), "detection", truth=one) for one in said]
    assert compare(*folders)["pictures"] == 12


def test_other_bags_are_not_compared(made_up, evaluated):
    folders = [evaluated(bag, made_up("detection", bag=bag), "detection") for bag in ("kitchen", "garden")]
    with pytest.raises(
        InputError, match=r"share no scored picture \(their bags: kitchen and garden\)\. Evaluate the same"
    ):
        compare(*folders)


def test_a_folder_that_is_none_is_named(tmp_path, made_up, evaluated):
    with pytest.raises(InputError, match=r"nowhere holds no result\.json"):
        compare(evaluated("a", made_up("detection"), "detection"), tmp_path / "nowhere")
