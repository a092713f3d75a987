"""promote and rollback, on a running node: only what was proved better goes in, and there is a way back."""

import json
import shutil
import threading
import time
from itertools import pairwise

import pytest
from robot import DETECTOR, Robot, picture, wait_until
from vision_msgs.msg import Detection2DArray, VisionInfo

from deep_perception.cli import main
from deep_perception.models.creation import create, save
from deep_perception.ros.messages import latched
from deep_perception.runtime.ledger import Ledger

NAMES = ("__background__", "mug", "pawn")
NODE = "/perception"


@pytest.fixture
def robot(context, tmp_path):
    """A detector that runs known weights."""
    old = create(DETECTOR["model"], "none", labels=NAMES[:2])
    save(old, tmp_path / "old.safetensors")
    with Robot(context, **{**DETECTOR, "weights": str(tmp_path / "old.safetensors")}) as robot:
        yield robot


def trained(robot, folder, *, verdict="better", model=DETECTOR["model"], labels=NAMES, **proof):
    """Write what a training leaves behind."""
    folder.mkdir()
    save(create(model, "none", labels=labels), folder / "model.safetensors")
    said = {"verdict": verdict, "sentence": f"{verdict}: 0.12 AP (0.08 … 0.16), 40 pictures"}
    compared = {"old_model": robot.node.duty.model.name, "old_identity": robot.node.duty.model.identity}
    (folder / "proof.json").write_text(json.dumps({**said, **compared, **proof}))
    return folder


def command(verb, *words, tmp_path):
    return main([verb, *map(str, words), "--node", NODE, "--ledger", str(tmp_path / "state" / "ledger.jsonl")])


def method(robot):
    return f"{robot.node.duty.model.name} {robot.node.duty.model.identity[:12]}"


def test_a_better_model_goes_in_and_comes_out_again(robot, tmp_path, capsys):
    infos = robot.hear(VisionInfo, "vision_info", latched())
    wait_until(lambda: bool(infos), "vision_info")
    before, version = method(robot), infos[-1].database_version
    run = trained(robot, tmp_path / "run")
    assert command("promote", run, tmp_path=tmp_path) == 0
    assert robot.node.duty.model.labels == NAMES
    wait_until(lambda: infos[-1].database_version == version + 1, "the new version")
    shutil.rmtree(run)  # what runs does not need it any more
    assert robot.set(weights=robot.node.config.weights).successful
    assert command("rollback", tmp_path=tmp_path) == 0
    assert method(robot) == before
    capsys.readouterr()
    assert main(["ledger", "--json", "--ledger", str(tmp_path / "state" / "ledger.jsonl")]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["action"] for entry in entries] == ["promoted", "rolled back"]
    assert entries[0]["before"]["method"] == entries[1]["after"]["method"] == before
    assert "0.12 AP" in entries[0]["verdict"]
    assert command("rollback", tmp_path=tmp_path) == 1, "there is nothing left to take back"


def test_without_proof_nothing_changes_unless_forced_and_the_ledger_says_so(robot, tmp_path, capsys):
    before = method(robot)
    run = trained(robot, tmp_path / "run", verdict="not better")
    assert command("promote", run, tmp_path=tmp_path) == 1
    assert "not better" in capsys.readouterr().err
    other = trained(robot, tmp_path / "other", old_identity="0" * 64)
    assert command("promote", other, tmp_path=tmp_path) == 1
    assert "--replaces" in capsys.readouterr().err
    assert method(robot) == before
    assert command("promote", run, "--force", tmp_path=tmp_path) == 0
    assert method(robot) != before
    assert Ledger(tmp_path / "state" / "ledger.jsonl").entries()[-1].forced


def test_what_cannot_be_promoted_is_refused_with_the_reason(robot, tmp_path, capsys):
    before, state = method(robot), str(tmp_path / "ledger.jsonl")
    run = trained(robot, tmp_path / "run")
    (tmp_path / "unfinished").mkdir()
    damaged = trained(robot, tmp_path / "damaged")
    (damaged / "proof.json").write_text("{")
    changed = trained(robot, tmp_path / "changed", new_identity="0" * 64)
    classifier = trained(robot, tmp_path / "classifier", model="lenet5")
    for folder, reason in {
        tmp_path / "unfinished": "finished training",
        damaged: "damaged",
        changed: "changed since",
        classifier: "classification",
    }.items():
        assert main(["promote", str(folder), "--node", NODE, "--ledger", state]) == 1
        assert reason in capsys.readouterr().err
    assert main(["promote", str(run), "--node", "/nobody", "--timeout", "5", "--ledger", state]) == 1
    assert NODE in capsys.readouterr().err, "the nodes that are there are named"
    assert main(["rollback", "--node", NODE, "--ledger", state]) == 1
    assert "no promotion" in capsys.readouterr().err
    assert robot.set(classes=["mug"]).successful
    without_mug = trained(robot, tmp_path / "without", labels=("__background__", "pawn"))
    assert main(["promote", str(without_mug), "--node", NODE, "--ledger", state]) == 1
    assert "mug" in capsys.readouterr().err
    assert method(robot) == before


def test_a_node_that_was_changed_by_hand_is_not_rolled_back_unasked(robot, tmp_path, capsys):
    assert command("promote", trained(robot, tmp_path / "run"), tmp_path=tmp_path) == 0
    assert robot.set(weights="none").successful
    by_hand = method(robot)
    assert command("rollback", tmp_path=tmp_path) == 1
    assert "by hand" in capsys.readouterr().err
    assert method(robot) == by_hand
    assert command("rollback", "--force", tmp_path=tmp_path) == 0
    assert robot.node.config.weights == str(tmp_path / "old.safetensors")


def test_every_picture_is_answered_by_one_whole_model_while_models_change(robot, tmp_path):
    run = trained(robot, tmp_path / "run")
    heard = robot.hear(Detection2DArray, "detections")
    robot.ask(heard, picture())
    done = threading.Event()

    def swap():
        command("promote", run, tmp_path=tmp_path)
        done.set()

    thread = threading.Thread(target=swap)
    thread.start()
    shown = []
    while not done.is_set() or len(shown) < 5:
        shown.append(robot.ask(heard, picture(100.0 + len(shown))))
        time.sleep(0.02)
    thread.join()
    names = [{one.results[0].hypothesis.class_id for one in answer.detections} for answer in shown]
    assert "pawn" not in names[0], "the old model answered"
    assert "pawn" in names[-1], "the new one answers"
    changes = sum(("pawn" in a) != ("pawn" in b) for a, b in pairwise(names))
    assert changes == 1, "between two pictures, once"
