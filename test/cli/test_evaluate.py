"""`deep_perception evaluate`: what it prints and writes, what it refuses, and how it goes on."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bag_making import classification, compressed, detections, label_info, numbers, packed, raw, write

from deep_perception.cli import main
from deep_perception.models import create
from deep_perception.models.creation import save

LENET = ("--model=lenet5", "--weights=none", "--device=cpu")
THINGS = ("--model=ssdlite320_mobilenet_v3_large", "--weights=none", "--device=cpu")
COUNT = 4
BOX = (4.0, 3.0, 4.0, 4.0)


def picture(second):
    pixels = np.random.default_rng(second).integers(0, 256, 28 * 28 * 3, np.uint8)
    return packed(second, "sensor_msgs/msg/Image", 28, 28, "rgb8", 0, 84, pixels)


def evaluate(*words):
    return main(["evaluate", *map(str, words)])


def result_of(folder):
    return json.loads((Path(folder) / "result.json").read_text())


def told(result):
    """Return all but what was measured in time."""
    return {name: value for name, value in result.items() if name not in ("made", "speed", "compared")}


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def digits():
    truth = [classification(second, **{str(second): 1.0}) for second in range(COUNT)]
    return write(Path("digits"), {"/camera": [picture(second) for second in range(COUNT)], "/truth": truth})


def test_it_tells_the_figure_to_judge_by_and_where_the_rest_stands(digits, capsys):
    assert evaluate(digits, *LENET, "--truth=/truth", "--out=out") == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("accuracy ")
    assert second.startswith("4 pictures, 4 scored, ")
    assert last.endswith("out/report.html") and Path("out/report.html").is_file()
    made = result_of("out")["made"]
    assert "--truth=/truth" in made["command"] or made["command"]
    assert made["versions"]["torch"] and made["seconds"] > 0


def test_without_truth_speed_and_steadiness_are_told(digits, capsys):
    assert evaluate(digits, *LENET, "--image=/camera", "--out=out") == 0
    assert capsys.readouterr().out.startswith("4 pictures, 0 scored, ")
    result = result_of("out")
    assert result["headline"] is None and result["steadiness"]["counts"]["pictures"] == COUNT - 1
    assert result["speed"]["stages"]["model"]["p50_ms"] > 0


def test_an_evaluation_that_was_finished_is_told_again_and_not_made_again(digits, capsys):
    assert evaluate(digits, *LENET, "--truth=/truth", "--out=out") == 0
    before = result_of("out")
    said = capsys.readouterr().out
    assert evaluate("--out=out", "--resume") == 0
    assert capsys.readouterr().out == said and result_of("out") == before


def test_settings_of_an_evaluation_that_goes_on_are_those_it_began_with(digits, capsys):
    assert evaluate(digits, *LENET, "--truth=/truth", "--out=out") == 0
    assert evaluate("--out=out", "--resume", "--stride=2") == 1
    assert "--stride: got 2, but this evaluation began with its default" in capsys.readouterr().err
    assert evaluate("--out=out", "--resume", "--workers=1") == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["digits"], "--out: got nothing"),
        (["--out=out"], "BAG: got none"),
        (["nowhere", "--out=out"], "nowhere does not exist"),
        (["note.txt", "--out=out"], "is no ROS 2 recording"),
        (["digits", "digits", "--out=out"], "given twice"),
        (["digits", "--out=full"], "full exists already"),
        (["digits", "--out=new", "--resume"], "no evaluation was begun in new"),
        (["digits", "--image=/front", "--out=out"], "unknown image topic '/front'. Known: /camera"),
        (["digits", "--image=/truth", "--out=out"], "topic /truth holds vision_msgs/msg/Classification"),
        (["digits", "--model=lenet", "--out=out"], "unknown model 'lenet'. Nearest: lenet5"),
        (["digits", *LENET, "--truth=/true", "--out=out"], "no topic of .*digits. Topics there .*: /truth"),
        (["digits", *LENET, "--truth-label=cup", "--out=out"], "--truth-label: got a class, but no truth"),
        (["digits", *LENET, "--end=1", "--start=2", "--out=out"], "end: got 1, expected more than start"),
        (["digits", *LENET, "--topic=/truth", "--out=out"], "--topic: the answers are recorded already"),
        (["digits", "--topic=/seen", "--out=out"], "there is no topic /seen, expected .*/truth"),
        (["digits", *LENET, "--compare=other.safetensors", "--out=out"], "'other.safetensors' does not exist"),
        (["digits", *LENET, "--compare=full", "--out=out"], "full holds no result.json"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_before_any_work(digits, capsys, words, says):
    Path("note.txt").write_text("no bag")
    Path("full").mkdir()
    Path("full/mine").touch()
    assert evaluate(*words) == 1
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("deep_perception: error: ")]
    assert re.search(says, line), line
    assert not Path("out").exists()


def test_several_cameras_are_chosen_among_by_name_or_all_taken(capsys):
    bag = write(Path("bag"), {"/left": [picture(0)], "/right": [picture(1)]})
    assert evaluate(bag, *LENET, "--out=out") == 1
    assert "choose with --image A,B or --all-cameras: /left, /right" in capsys.readouterr().err
    assert evaluate(bag, *LENET, "--all-cameras", "--out=all") == 0
    assert evaluate(bag, *LENET, "--image=right", "--out=one") == 0
    assert [stream["camera"] for stream in result_of("all")["by_stream"]] == ["/left", "/right"]
    assert [stream["camera"] for stream in result_of("one")["by_stream"]] == ["/right"]


def test_the_counts_of_several_recordings_are_merged(digits):
    other = write(Path("more/digits"), {"/camera": [picture(9)], "/truth": [classification(9, **{"9": 1.0})]})
    assert evaluate(digits, other, *LENET, "--truth=/truth", "--out=out") == 0
    result = result_of("out")
    assert [bag["bag"] for bag in result["inputs"]] == ["digits", "digits_2"]
    assert result["frames"]["scored"] == COUNT + 1
    assert result["names"] == ["0", "1", "2", "3", "9"]


def test_boxes_without_a_class_are_what_the_label_says():
    bag = write(Path("bag"), {"/camera": [picture(second) for second in range(2)]})
    stamps = [(1_700_000_000 + second) * 10**9 + 250 for second in range(2)]
    Path("truth.json").write_text(json.dumps({str(stamp): {"boxes_xyxy": [[2, 2, 20, 20]]} for stamp in stamps}))
    assert evaluate(bag, *THINGS, "--truth=truth.json", "--truth-label=person", "--out=out") == 0
    result = result_of("out")
    assert result["names"] == ["person"] and result["frames"]["scored"] == 2
    assert result["truth"]["kind"] == "boxes by stamp" and result["truth"]["sha256"]


def recorded(found, **more):
    """What a robot saw, and what is true."""
    topics = {"/camera": [raw(second) for second in range(COUNT)], "/detections": found}
    return write(
        Path("run"), {**topics, "/truth": [detections(second, ("cup", 1.0, BOX)) for second in range(COUNT)], **more}
    )


def test_what_a_robot_published_is_scored_with_how_it_kept_up(capsys):
    good = [detections(second, ("cup", 0.9, BOX)) for second in range(3)]
    late = [(second + 1, *message[1:]) for second, message in enumerate(good)]
    again, stranger = (3, *good[2][1:]), (3, *detections(77, ("cup", 0.9, BOX))[1:])
    bag = recorded([*late, again, stranger])
    assert evaluate(bag, "--topic=detections", "--truth=/truth", "--out=out") == 0
    result = result_of("out")
    assert result["subject"] == {"kind": "topic", "topic": "/detections", "type": "vision_msgs/msg/Detection2DArray"}
    assert result["figures"]["AP"] == pytest.approx(1)
    live = result["live"]
    counted = {name: live[name] for name in ("answered", "never_answered", "duplicates", "out_of_order", "orphans")}
    assert counted == {"answered": 3, "never_answered": 1, "duplicates": 1, "out_of_order": 0, "orphans": 1}
    assert live["age_ms"]["p50"] == pytest.approx(1000, abs=1)
    assert "1 not answered" in capsys.readouterr().out


def test_answers_out_of_order_are_counted():
    said = [detections(second, ("cup", 0.9, BOX)) for second in range(COUNT)]
    bag = recorded([(5, *said[1][1:]), (6, *said[0][1:])])
    assert evaluate(bag, "--topic=detections", "--out=out") == 0
    assert result_of("out")["live"]["out_of_order"] == 1


def test_recorded_masks_are_scored_by_the_names_recorded_beside_them():
    mask = np.zeros((6, 8), np.uint8)
    truth = mask.copy()
    truth[:3] = 1
    topics = {
        "/camera": [raw(0), raw(1)],
        "/seg/mask": [numbers(second, mask) for second in range(2)],
        "/seg/label_info": [label_info(0, "floor", "wall")],
        "/truth/mask": [numbers(second, truth) for second in range(2)],
    }
    bag = write(Path("bag"), topics)
    command = (bag, "--image=/camera", "--topic=/seg/mask", "--truth=/truth/mask")
    assert evaluate(*command, "--out=out") == 0
    result = result_of("out")
    assert result["task"] == "semantic_segmentation" and result["names"] == ["floor", "wall"]
    assert result["headline"]["value"] == pytest.approx(0.25), "half of the floor is right, none of the wall"


def test_two_models_are_compared_on_the_same_pictures(digits):
    assert evaluate(digits, *LENET, "--truth=/truth", "--compare=none", "--out=out") == 0
    result = result_of("out")
    assert result["compared"]["pictures"] == COUNT
    assert told(result_of("out/compared")) == told(result), "the same weights say the same"
    assert result["compared"]["headline"]["difference"] == 0


def test_what_a_robot_published_is_compared_with_a_model_on_the_same_pictures(digits):
    save(create("lenet5", "none"), Path("lenet.safetensors"))
    words = ("--topic=/truth", "--truth=/truth", "--compare=lenet.safetensors")
    assert evaluate(digits, *words, "--out=out") == 0
    compared = result_of("out")["compared"]
    assert (compared["first"]["kind"], compared["second"]["kind"]) == ("topic", "model")
    assert compared["pictures"] == COUNT


def test_two_finished_evaluations_are_compared(digits, capsys):
    assert evaluate(digits, *LENET, "--truth=/truth", "--out=one") == 0
    assert evaluate(digits, "--topic=/truth", "--truth=/truth", "--out=two") == 0
    assert evaluate("two", "--compare=one") == 0
    assert result_of("two")["compared"]["pictures"] == COUNT
    assert evaluate("one") == 1
    assert "is an evaluation, not a recording" in capsys.readouterr().err


def test_damaged_pictures_are_counted_and_told(capsys):
    bag = write(Path("bag"), {"/camera": [compressed(0, b"nothing"), compressed(1, b"nothing")]})
    assert evaluate(bag, *LENET, "--out=out") == 0
    assert "2 damaged" in capsys.readouterr().out
    assert len(result_of("out")["damaged"]) == 2


@pytest.mark.weights
def test_a_known_detector_finds_the_people_of_a_recording(shared_data):
    weights = shared_data / "weights" / "ssdlite320_mobilenet_v3_large_coco_from_int8.pth"
    bags = shared_data / "bags"
    words = ("--model=ssdlite320_mobilenet_v3_large", f"--weights={weights}", "--device=cpu", "--truth-label=person")
    truth = f"--truth={bags / 'pennfudan20_gt.json'}"
    assert evaluate(bags / "pennfudan20_db3", *words, truth, "--out=out") == 0
    assert result_of("out")["figures"]["AP"] == pytest.approx(0.772, abs=0.01)
