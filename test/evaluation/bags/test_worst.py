"""The worst pictures are drawn as they were recorded, with what was answered and what is true."""

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from bag_making import compressed, detections, file, label_info, numbers, write

from deep_perception.config import PerceptionConfig
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags.conclusion import compare_in, conclude_in
from deep_perception.evaluation.bags.course import follow
from deep_perception.evaluation.bags.folder import EvaluationFolder
from deep_perception.evaluation.bags.page import write_page
from deep_perception.evaluation.bags.painting import FOUND, MISSED, WRONG
from deep_perception.evaluation.bags.planning import plan
from deep_perception.evaluation.bags.worst import ALONE, worst_pictures
from deep_perception.training.listener import Listener

MADE = {"when": "", "command": "", "versions": {}, "machine": {}, "seconds": 1.0}
RECORDED = PerceptionConfig()
HEIGHT, WIDTH, COUNT = 90, 120, 4
MUG, OTHER = (40, 40, 30, 40), (90, 50, 30, 50)
"""x y width height around the middle."""


def picture(second):
    pixels = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    pixels[:, : 10 * second] = 60  # so that each can be told from the others
    return pixels


def mask(second):
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[20:50, 30:60] = 1
    labels[60:80, : 20 * second] = 2
    return labels


def photographed(path, **topics):
    """A recording of pictures and of what else is told."""
    seen = [compressed(second, file(".png", picture(second))) for second in range(COUNT)]
    return write(path, {"/image": seen, **{f"/{name}": those for name, those in topics.items()}})


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """One mug is always found; from the second picture on the other is missed, in the third something is wrong."""
    truth = [detections(second, ("mug", 1.0, MUG), ("mug", 1.0, OTHER)) for second in range(COUNT)]
    found = [("mug", 0.9, MUG), ("mug", 0.8, OTHER)]
    answers = [detections(0, *found), detections(1, found[0]), detections(2, found[0], ("mug", 0.85, (60, 20, 20, 20)))]
    perfect = [detections(second, *found) for second in range(COUNT)]
    path = tmp_path_factory.mktemp("bags") / "kitchen"
    return photographed(path, truth=truth, answers=[*answers, detections(3, *found)], perfect=perfect)


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    names = label_info(0, "floor", "mug", "ball")
    masks = [numbers(second, mask(second)) for second in range(COUNT)]
    still = [numbers(second, mask(0)) for second in range(COUNT)]
    return photographed(tmp_path_factory.mktemp("bags") / "maps", truth=masks, answers=still, label_info=[names])


def evaluated(bag, folder, *, perception=RECORDED, **settings):
    config = EvaluateConfig(image=("/image",), **settings)
    job, answers = plan([bag], config, perception)
    folder = EvaluationFolder(folder)
    with folder.claimed():
        follow(job, answers, folder, {"bags": [str(bag)], **asdict(perception), **asdict(config)}, Listener())
        conclude_in(folder, job, MADE, finished=True)
    return folder


def drawn(file):
    return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB).astype(int)


def holds(picture, colour):
    return (np.abs(picture - colour).sum(-1) < 60).sum() > 50


def test_the_worst_pictures_come_first_with_what_was_found_missed_and_wrong(things, tmp_path):
    folder = evaluated(things, tmp_path / "out", topic="/answers", truth="/truth")
    gallery = worst_pictures(folder)
    assert [one.words for one in gallery.shown] == [
        "kitchen /image at 2.0 s: 1 missed, 1 wrong",
        "kitchen /image at 1.0 s: 1 missed, 0 wrong",
    ], "where nothing was wrong there is nothing to see"
    first, second = (drawn(one.versions[0][1]) for one in gallery.shown)
    assert all(holds(first, colour) for colour in (FOUND, MISSED, WRONG))
    assert holds(second, MISSED) and not holds(second, WRONG)
    assert first.shape[:2] == ALONE, "as large as there is room"
    factor = ALONE[0] / HEIGHT
    assert abs(first[-5, int(15 * factor)] - 60).max() < 12 < abs(first[-5, int(25 * factor)] - 60).max(), (
        "that picture"
    )


def test_pictures_are_files_and_part_of_the_page(things, tmp_path):
    folder = evaluated(things, tmp_path / "out", topic="/answers", truth="/truth")
    assert sorted(file.name for file in (folder.path / "pictures").iterdir()) == ["worst_01_1.jpg", "worst_02_1.jpg"]
    page = (folder.path / "report.html").read_text()
    assert page.count("data:image/jpeg") == 2 and "Worst pictures" in page


def test_where_all_is_right_a_few_pictures_are_shown(things, tmp_path):
    folder = evaluated(things, tmp_path / "out", topic="/perfect", truth="/truth")
    gallery = worst_pictures(folder)
    assert len(gallery.shown) == COUNT and not holds(drawn(gallery.shown[0].versions[0][1]), MISSED)


def test_a_recording_that_is_gone_is_said_and_the_rest_of_the_page_is_there(things, tmp_path):
    bag = Path(things).rename(tmp_path / "kitchen")
    folder = evaluated(bag, tmp_path / "out", topic="/answers", truth="/truth")
    bag.rename(things)
    page = write_page(folder.path).read_text()
    assert page.count(f"{bag} is not there any more, so that its pictures cannot be shown.") == 1
    assert "data:image/jpeg" not in page and "Precision and recall" in page


def test_masks_are_shown_beside_the_truth_and_the_wrong_pixels(maps, tmp_path):
    folder = evaluated(maps, tmp_path / "out", topic="/answers", truth="/truth")
    first = worst_pictures(folder).shown[0]
    assert [words for words, _ in first.versions] == ["truth", "answer", "wrong pixels"]
    assert "at 3.0 s" in first.words
    truth, answer, wrong = (drawn(file) for _, file in first.versions)
    factor = len(wrong) / HEIGHT
    red = wrong[..., 0] - wrong[..., 1] > 60
    assert red[int(70 * factor), int(10 * factor) : int(50 * factor)].all() and not red[: int(55 * factor)].any()
    assert np.abs(truth - answer).max() > 40


def test_an_upscaled_picture_is_shown_beside_what_it_was_made_of(things, tmp_path):
    folder = evaluated(
        things, tmp_path / "out", perception=PerceptionConfig(model="bicubic", weights="none", device="cpu")
    )
    first = worst_pictures(folder).shown[0]
    assert [words for words, _ in first.versions] == ["input", "truth", "answer"]
    shapes = [drawn(file).shape for _, file in first.versions]
    assert shapes[0] == shapes[1] == shapes[2]


def test_without_truth_answers_alone_are_shown(things, tmp_path):
    folder = evaluated(things, tmp_path / "out", topic="/answers")
    gallery = worst_pictures(folder)
    assert len(gallery.shown) == COUNT and gallery.shown[0].words == "kitchen /image at 0.0 s"
    assert "Pictures" in (folder.path / "report.html").read_text()


def test_two_evaluations_are_shown_side_by_side(things, tmp_path):
    this, other = (
        evaluated(things, tmp_path / name, topic=f"/{name}", truth="/truth") for name in ("answers", "perfect")
    )
    result = compare_in(this, other.path)
    page = (this.path / "report.html").read_text()
    assert result["compared"]["sentence"] in page
    assert {file.name for file in (this.path / "pictures").glob("differing*")} == {
        f"differing_0{number}_{side}.jpg" for number in (1, 2) for side in (1, 2)
    }
    assert page.count("<span>/answers</span>") == page.count("<span>/perfect</span>") == 2
