"""`deep_perception predict` answers for every kind of input, and loses nothing when something goes wrong."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from deep_perception.cli import INTERRUPTED, PIPE_CLOSED, main

TYPES = get_typestore(Stores.ROS2_JAZZY)
CLASSIFIER = ["lenet5", "--weights", "none"]
DETECTOR = ["ssdlite320_mobilenet_v3_large", "--weights", "none", "--score-threshold", "0"]
COMMON = {"source", "frame", "stamp_ns", "model", "weights", "width", "height"}


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch.manual_seed(0)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def photo(name: str, seed: int = 0) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 50, 3), np.uint8)
    cv2.imwrite(name, pixels)
    return name


def video(name: str, count: int = 6, size: int = 32) -> str:
    writer = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*"MJPG"), 10, (size, size))
    for index in range(count):
        writer.write(np.full((size, size, 3), index % 255, np.uint8))
    writer.release()
    return name


def recording(name: str, topics: dict[str, str], count: int = 3) -> str:
    stamp = TYPES.types["builtin_interfaces/msg/Time"](sec=7, nanosec=5)
    header = TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")
    messages = {
        "sensor_msgs/msg/Image": (header, 4, 4, "mono8", 0, 4, np.zeros(16, np.uint8)),
        "std_msgs/msg/String": ("hello",),
    }
    with Writer(name, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic, kind in topics.items():
            connection = writer.add_connection(topic, kind, typestore=TYPES)
            data = TYPES.serialize_cdr(TYPES.types[kind](*messages[kind]), kind)
            for index in range(count):
                writer.write(connection, index, data)
    return name


def lines_of(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "predictions.jsonl").read_text().splitlines()]


def test_a_photo_gives_a_readable_line_and_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", *CLASSIFIER, photo("kitchen.png"), "--top-k", "2"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("kitchen.png  ")
    assert len(first.split(", ")) == 2
    assert last.startswith("1 frame in ")
    assert "with lenet5" in last


def test_json_lines_carry_classes_and_nothing_else_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", *CLASSIFIER, photo("a.png"), video("b.avi", 2), "--json", "--top-k", "3"]) == 0
    captured = capsys.readouterr()
    entries = [json.loads(line) for line in captured.out.splitlines()]
    assert [entry["frame"] for entry in entries] == ["a.png", "b_000000", "b_000001"]
    assert [entry["stamp_ns"] for entry in entries] == [None, 0, 100_000_000]
    assert set(entries[0]) == COMMON | {"classes"}
    assert (entries[0]["width"], entries[0]["height"]) == (50, 40)
    assert len(entries[0]["classes"]) == 3
    assert set(entries[0]["classes"][0]) == {"class", "label", "score"}
    assert "3 frames in " in captured.err


def test_detections_lie_in_the_picture_and_carry_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", *DETECTOR, photo("a.png"), "--json", "--max-detections", "5"]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert set(entry) == COMMON | {"detections"}
    assert len(entry["detections"]) == 5
    for found in entry["detections"]:
        x1, y1, x2, y2 = found["box"]
        assert 0 <= x1 <= x2 <= 50
        assert 0 <= y1 <= y2 <= 40
        assert isinstance(found["class"], str)


def test_pictures_keep_their_names_and_every_line_names_its_picture() -> None:
    photo("photos/a.jpg"), photo("photos/day/a.jpg"), photo("icon.gif")
    bag = recording("bag", {"/camera": "sensor_msgs/msg/Image"})
    assert main(["predict", *CLASSIFIER, "photos", "icon.gif", video("clip.avi", 2), bag, "--out", "seen"]) == 0
    entries = lines_of("seen")
    assert [entry["picture"] for entry in entries] == [
        "a.jpg",
        "day__a.jpg",
        "icon.gif.png",
        "clip/clip_000000.jpg",
        "clip/clip_000001.jpg",
        *(f"bag/bag_00000{index}.jpg" for index in range(3)),
    ]
    assert entries[-1]["stamp_ns"] == 7_000_000_005
    for entry in entries:
        assert cv2.imread(str(Path("seen", entry["picture"]))).shape[:2] == (entry["height"], entry["width"])
    written = [file for file in Path("seen").rglob("*") if file.is_file()]
    assert len(written) == len(entries) + 1


def test_inputs_of_the_same_name_do_not_overwrite_each_other() -> None:
    inputs = [photo("x/p.png", 1), photo("y/p.png", 2), video("x/v.avi", 1), video("y/v.avi", 1)]
    assert main(["predict", *CLASSIFIER, *inputs, "--out", "seen"]) == 0
    assert [entry["picture"] for entry in lines_of("seen")] == [
        "p.png",
        "p_2.png",
        "v/v_000000.jpg",
        "v_2/v_000000.jpg",
    ]


def test_the_same_command_again_replaces_only_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["predict", *CLASSIFIER, photo("a.png"), "--out", "seen"]
    assert main(command) == 0
    assert main(command) == 0
    assert main(["predict", *CLASSIFIER, photo("b.png"), "--out", "seen"]) == 0
    Path("seen/c.png").write_bytes(b"precious")
    assert main(["predict", *CLASSIFIER, photo("c.png"), "--out", "seen"]) == 1
    assert "was not written by predict" in capsys.readouterr().err
    assert Path("seen/c.png").read_bytes() == b"precious"
    assert [entry["frame"] for entry in lines_of("seen")] == ["b.png"]


@pytest.mark.parametrize("content", ["hello\n", '{"mine": 1}\n'])
def test_lines_of_somebody_else_are_not_overwritten(content: str) -> None:
    Path("seen").mkdir()
    Path("seen/predictions.jsonl").write_text(content)
    assert main(["predict", *CLASSIFIER, photo("a.png"), "--out", "seen"]) == 1
    assert [file.name for file in Path("seen").iterdir()] == ["predictions.jsonl"]
    assert Path("seen/predictions.jsonl").read_text() == content


def test_stride_and_max_frames_choose_frames(capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "predict",
        *CLASSIFIER,
        video("v.avi", 9),
        "--stride",
        "2",
        "--max-frames",
        "3",
        "--batch",
        "2",
        "--json",
    ]
    assert main(command) == 0
    frames = [json.loads(line)["frame"] for line in capsys.readouterr().out.splitlines()]
    assert frames == ["v_000000", "v_000002", "v_000004"]


def test_a_bad_picture_in_a_folder_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    photo("photos/a.png"), photo("photos/c.png")
    Path("photos/b.png").write_text("no picture")
    assert main(["predict", *CLASSIFIER, "photos", "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_topic_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    bag = recording("bag", {"/left": "sensor_msgs/msg/Image", "/right": "sensor_msgs/msg/Image"}, 2)
    assert main(["predict", *CLASSIFIER, bag, "--topic", "/right", "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


BAD_INPUT = {
    "missing file": (["predict", *CLASSIFIER, "god.png"], "god.png does not exist.*dog.png"),
    "empty folder": (["predict", *CLASSIFIER, "empty"], "empty: no picture among its 0 files"),
    "unreadable": (["predict", *CLASSIFIER, "text.jpg"], "text.jpg is no picture that can be read"),
    "unknown model": (["predict", "lenet6", "dog.png"], "unknown model 'lenet6'.*lenet5"),
    "no images": (["predict", *CLASSIFIER, "words"], "no images in this recording; it holds /log"),
    "wrong topic": (["predict", *CLASSIFIER, "bag", "--topic", "/camra"], "unknown image topic '/camra'.*/camera"),
    "unknown class": (["predict", *CLASSIFIER, "dog.png", "--classes", "sevn"], "unknown class 'sevn'"),
    "bad threshold": (["predict", *DETECTOR[:-1], "7", "dog.png"], "score_threshold: got 7.0, expected 0 to 1"),
    "bad number": (["predict", *CLASSIFIER, "dog.png", "--batch", "0"], "--batch.*expected at least 1"),
    "missing weights": (["predict", "lenet5", "dog.png", "--weights", "no/such.pth"], "no/such.pth"),
    "no weights in a word": (["predict", "lenet5", "dog.png"], "no weights are published for lenet5"),
    "output in the input": (["predict", *CLASSIFIER, "photos", "--out", "photos/seen"], "lies inside the input photos"),
    "output is a file": (
        ["predict", *CLASSIFIER, "dog.png", "--out", "text.jpg"],
        "text.jpg is a file, expected a folder",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_clear_line_and_exit_code_1(case: str, capfd: pytest.CaptureFixture[str]) -> None:
    photo("dog.png"), photo("photos/a.png")
    recording("bag", {"/camera": "sensor_msgs/msg/Image"}), recording("words", {"/log": "std_msgs/msg/String"})
    Path("empty").mkdir()
    Path("text.jpg").write_text("no picture")
    before = sorted(Path().rglob("*"))
    command, says = BAD_INPUT[case]
    out = [] if "--out" in command else ["--out", "seen"]
    assert main([*command, *out]) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("deep_perception: error: ")
    assert re.search(says, line)
    assert sorted(Path().rglob("*")) == before


def test_what_was_finished_before_an_error_stays(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.png").write_text("no picture")
    assert main(["predict", *CLASSIFIER, photo("good.png"), "bad.png", "--out", "seen"]) == 1
    assert [entry["picture"] for entry in lines_of("seen")] == ["good.png"]
    assert Path("seen/good.png").is_file()


def program(*words: str) -> list[str]:
    return [sys.executable, "-m", "deep_perception", *words]


@pytest.fixture
def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "OMP_NUM_THREADS": "1"}


def test_ctrl_c_leaves_finished_frames_whole_and_says_so(environment: dict[str, str]) -> None:
    command = program("predict", *CLASSIFIER, video("long.avi", 3000), "--out", "seen")
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED
    assert "Traceback" not in err
    assert "interrupted, finished: " in out
    entries = lines_of("seen")
    assert 0 < len(entries) < 3000
    pictures = {str(file.relative_to("seen")) for file in Path("seen").rglob("*.jpg")}
    assert {entry["picture"] for entry in entries} <= pictures
    assert len(pictures) <= len(entries) + 1
    assert all(cv2.imread(f"seen/{picture}") is not None for picture in pictures)


def test_progress_is_shown_on_a_terminal_when_the_lines_go_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        assert main(["predict", *CLASSIFIER, video("v.avi", 4), "--json"]) == 0
    shown = b"".join(written_to(master)).decode()
    os.close(master)
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert "4 frames" in shown


def written_to(terminal: int) -> Iterator[bytes]:
    """What was written to a terminal that has been closed, piece by piece."""
    with suppress(OSError):  # Linux's word for the end
        while piece := os.read(terminal, 100_000):
            yield piece


def test_a_reader_that_has_enough_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert main(["predict", *CLASSIFIER, video("v.avi", 200), "--json"]) == PIPE_CLOSED


@pytest.mark.weights
def test_real_weights_see_a_dog_and_the_people_of_a_recording(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = shared_data / "weights" / "ssdlite320_mobilenet_v3_large_coco_from_int8.pth"
    inputs = [shared_data / "images" / "classify" / "dog.jpg", shared_data / "bags" / "person_video_mcap"]
    command = ["predict", "ssdlite320_mobilenet_v3_large", *map(str, inputs), "--weights", str(weights)]
    assert main([*command, "--stride", "40", "--json", "--classes", "dog,person"]) == 0
    found = [[one["class"] for one in json.loads(line)["detections"]] for line in capsys.readouterr().out.splitlines()]
    assert found[0] == ["dog"]
    assert found[-1] == ["person"]


SMALL = {
    "segmenter": ["lraspp_shufflenet_v2_x1_0", "--weights", "none"],
    "instances": ["maskrcnn_shufflenet_v2_x1_0_fpn", "--weights", "none", "--score-threshold", "0"],
    "colorizer": ["colorizer_shufflenet_v2_x1_0", "--weights", "none"],
    "upscaler": ["espcn", "--weights", "none", "--scale", "3"],
}


@pytest.mark.parametrize("task", SMALL)
def test_every_task_writes_its_picture(task: str) -> None:
    assert main(["predict", *SMALL[task], photo("in/a.png"), "--out", "out"]) == 0
    [entry] = lines_of("out")
    factor = 3 if task == "upscaler" else 1
    assert cv2.imread(f"out/{entry['picture']}").shape == (40 * factor, 50 * factor, 3)


def test_masks_are_written_as_the_numbers_they_are() -> None:
    assert main(["predict", *SMALL["segmenter"], photo("in/a.png"), "--out", "pixels"]) == 0
    assert main(["predict", *SMALL["instances"], photo("in/a.png"), "--out", "things"]) == 0
    pixels, things = lines_of("pixels")[0], lines_of("things")[0]
    labels = cv2.imread(f"pixels/{pixels['mask']}", cv2.IMREAD_UNCHANGED)
    assert (labels.dtype, labels.shape) == (np.uint8, (40, 50))
    assert set(np.unique(labels)) == {area["label"] for area in pixels["areas"]}
    numbers = cv2.imread(f"things/{things['mask']}", cv2.IMREAD_UNCHANGED)
    assert (numbers.dtype, numbers.shape) == (np.uint16, (40, 50))
    assert numbers.max() <= len(things["detections"])


def test_a_second_run_replaces_its_own_masks_and_no_others() -> None:
    command = ["predict", *SMALL["segmenter"], photo("in/a.png"), "--out", "out"]
    assert main(command) == main(command) == 0
    Path("other/masks").mkdir(parents=True)
    Path("other/masks/a.png.png").touch()
    assert main([*command[:-1], "other"]) == 1


@pytest.mark.parametrize(
    ("model", "hint", "says"),
    [
        ("colorizer_siggraph17", "1,2", "--hint: got '1,2', expected X,Y,RRGGBB"),
        ("colorizer_shufflenet_v2_x1_0", "1,2,ff0000", "takes no hints of colour"),
    ],
)
def test_hints_that_are_wrong_or_for_another_model_are_refused(
    model: str, hint: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", model, "--weights", "none", photo("a.png"), "--hint", hint]) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_hints_reach_the_colorizer_that_takes_them() -> None:
    command = ["predict", "colorizer_siggraph17", "--weights", "none", photo("in/a.png"), "--out", "out"]
    assert main([*command, "--hint", "25,20,#c04020", "--hint", "5,5,2040c0"]) == 0
    assert len(lines_of("out")) == 1
