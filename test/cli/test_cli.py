"""Promises of the command line."""

import hashlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from deep_perception import cli
from deep_perception.cli import VERBS, main
from deep_perception.cli import weights as verb
from deep_perception.models import MODELS, find, names
from deep_perception.models.store import NamedWeights

HERE = Path(__file__).resolve().parents[2]

Captured = pytest.CaptureFixture[str]


def refused(capsys: Captured, *arguments: str) -> str:
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("deep_perception: error: ")
    assert err.count("\n") == 1
    return err


def test_help_names_every_verb_and_imports_no_torch() -> None:
    script = "import sys; from deep_perception.cli import main; main(['--help']); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], cwd=HERE, capture_output=True, text=True, check=True)
    assert result.stdout.endswith("False\n")
    assert all(f"  {verb} " in result.stdout for verb in VERBS)


def test_without_a_verb_it_explains_itself(capsys: Captured) -> None:
    assert main([]) == 0
    assert "verbs:" in capsys.readouterr().out


def test_it_tells_its_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("deep_perception 0.")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_help_with_an_example(verb: str, capsys: Captured) -> None:
    assert main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert "example" in out
    assert f"deep_perception {verb}" in out.split("example", 1)[1]


def test_python_m_is_the_same_command() -> None:
    line = [sys.executable, "-m", "deep_perception", "sumary"]
    result = subprocess.run(line, cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert (
        result.stderr == "deep_perception: error: unknown verb 'sumary'. Nearest: summary. See deep_perception --help\n"
    )


# Mistakes


def test_an_unknown_verb_names_the_nearest(capsys: Captured) -> None:
    assert "unknown verb 'sumary'. Nearest: summary" in refused(capsys, "sumary")


def test_an_unknown_model_names_the_nearest(capsys: Captured) -> None:
    assert "unknown model 'resnet5'. Nearest: resnet50" in refused(capsys, "summary", "resnet5")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--nonsense"], "unrecognized arguments"),
        (["summary"], "required: model. See deep_perception summary --help"),
        (["summary", "lenet5", "--size", "28"], "--size: got '28', expected HxW"),
        (["summary", "lenet5", "--size", "0x28"], "expected HxW with sides of 1 to 4096"),
        (["summary", "lenet5", "--size", "60x60"], "lenet5 cannot take a picture of 1x60x60"),
        (["summary", "lenet5", "--classes", "-3"], "--classes: got '-3', expected a whole number"),
        (["summary", "lenet5", "--classes", "0"], "--classes: got '0', expected a whole number"),
        (["models", "--task", "detecting"], "unknown task 'detecting'. Nearest: detection"),
        (["weights"], "required: ACTION"),
        (["weights", "fetch"], "required: NAME"),
        (["weights", "fetch", "resnet18:IMAGENET1K_V9"], "unknown weights 'IMAGENET1K_V9'. Nearest: IMAGENET1K_V1"),
        (["weights", "pack", "resnet18"], "required: -o/--out"),
        (["weights", "pack", "resnet18", "-o", "a.tar"], "no weights cached for resnet18:IMAGENET1K_V1"),
        (["weights", "unpack", "none.tar"], "cannot unpack 'none.tar': No such file"),
    ],
)
def test_a_mistake_is_one_line_with_the_way_out(
    arguments: list[str], expected: str, capsys: Captured, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert expected in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_control_c_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupted(argv: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupted)
    assert main([]) == 130
    assert capsys.readouterr() == ("", "")


def test_our_own_mistakes_show_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(argv: list[str]) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "_run", broken)
    with pytest.raises(ZeroDivisionError):
        main([])


def test_a_reader_who_has_enough_is_no_error() -> None:
    script = (
        "import sys; from deep_perception import cli; cli._run = lambda argv: print(argv) or 0; sys.exit(cli.main([]))"
    )
    line = f'(sleep 0.2; exec {sys.executable} -c "{script}") | true; echo ${{PIPESTATUS[0]}}'
    result = subprocess.run(["bash", "-c", line], cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
    assert (result.stdout, result.stderr) == ("141\n", "")


# Verbs


def publish_squeezenet(monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish seven bytes as the weights of squeezenet1_1."""
    digest = hashlib.sha256(b"weights").hexdigest()
    name = f"squeezenet-{digest[:8]}.pth"
    tiny = NamedWeights("squeezenet1_1", "V1", f"https://example.org/{name}", digest[:8], ("a",), "BSD-3-Clause")
    monkeypatch.setattr(verb, "named_weights", lambda model, wanted: tiny)
    return name


def test_models_lists_every_network_of_a_task_with_what_is_known_of_it(capsys: Captured, cache: Path) -> None:
    assert main(["models", "--json", "--task", "classification"]) == 0
    out, err = capsys.readouterr()
    rows = {row["name"]: row for row in json.loads(out)}
    assert (list(rows), err) == ([name for name in names() if find(name).task == "classification"], "")
    assert rows["vgg16"]["parameters"] == 138_357_544
    assert rows["lenet5"] == rows["lenet5"] | {"task": "classification", "parameters": 1_256_080, "weights": []}
    assert rows["resnet50"]["weights"] == ["IMAGENET1K_V2", "IMAGENET1K_V1"]
    assert rows["resnet50"]["cached"] == []
    assert all(row["licence"] for row in rows.values())


def test_models_tells_which_weights_are_here(capsys: Captured, cache: Path) -> None:
    (family,) = (family for family in MODELS if "ssd300_vgg16" in family.names)
    cache.mkdir()
    (cache / family.weights("ssd300_vgg16")[0].file_name).write_bytes(b"x")
    assert main(["models", "--task", "detection"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "COCO_V1*" in lines["ssd300_vgg16"]
    assert "COCO_V1*" not in lines["fcos_resnet50_fpn"]
    assert "resnet50" not in lines


def test_a_piped_table_is_plain_and_whole(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["summary", "lenet5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["conv1", "Conv2d", "20x28x28", "20x1x5x5", "520", "392000", "5", "1"]
    assert lines[-1] == "lenet5 for 1x28x28: 1,256,080 parameters, 6.52 M FLOPs (multiply-adds)"


def test_a_terminal_gets_a_drawn_table(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    script = "from deep_perception.cli.tables import print_table; print_table(['name', 'size'], [['[red]', 3]])"
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    subprocess.run([sys.executable, "-c", script], cwd=HERE, stdout=theirs, env=environment, timeout=60, check=True)
    os.close(theirs)
    text = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "│" in text
    assert "[red]" in text, "what is in a cell is never taken for a style"


def test_summary_takes_a_size_and_a_number_of_classes(capsys: Captured) -> None:
    assert main(["summary", "resnet18", "--size", "64x96", "--classes", "7", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["input"] == [3, 64, 96]
    assert summary["layers"][0]["output"] == [64, 32, 48]
    assert summary["layers"][-1]["output"] == [7]


def test_summary_uses_the_size_a_network_was_trained_on(capsys: Captured) -> None:
    assert main(["summary", "inception_v3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["input"] == [3, 299, 299]


def test_summary_of_a_detector_is_the_same_each_time(capsys: Captured) -> None:
    def summary() -> str:
        assert main(["summary", "fasterrcnn_mobilenet_v3_large_320_fpn", "--size", "96x128", "--json"]) == 0
        return capsys.readouterr().out

    assert summary() == summary()


def test_weights_travel_from_a_mirror_to_a_robot(
    capsys: Captured, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publish_squeezenet(monkeypatch)
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / published).write_bytes(b"weights")
    monkeypatch.setenv("DEEP_PERCEPTION_MIRROR", mirror.as_uri())
    archive = tmp_path / "weights.tar"
    assert main(["weights", "fetch", "squeezenet1_1"]) == 0
    assert capsys.readouterr().out == f"{cache / published}\n"
    assert main(["weights", "pack", "squeezenet1_1", "-o", str(archive)]) == 0
    robot = tmp_path / "robot"
    monkeypatch.setenv("DEEP_PERCEPTION_CACHE", str(robot))
    assert main(["weights", "unpack", str(archive)]) == 0
    assert (robot / published).read_bytes() == b"weights"
    assert main(["weights", "path"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(robot)


def test_verify_reports_every_file_and_fails_for_a_bad_one(capsys: Captured, cache: Path) -> None:
    cache.mkdir()
    (cache / "resnet18-f37072fd.pth").write_bytes(b"not these")
    assert main(["weights", "verify"]) == 1
    out = capsys.readouterr().out
    assert "FAIL  cached weights of resnet18:IMAGENET1K_V1 are damaged" in out
    assert not (cache / "resnet18-f37072fd.pth").exists()
    assert len(list((cache / "refused").iterdir())) == 1
    assert main(["weights", "verify"]) == 0


def test_list_names_all_published_weights(capsys: Captured, cache: Path) -> None:
    assert main(["weights", "list", "--json"]) == 0
    rows = {row["full_name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["resnet18:IMAGENET1K_V1"]["sha256"] == "f37072fd"
    assert rows["resnet18:IMAGENET1K_V1"]["cached"] is False
    assert main(["weights", "list"]) == 0
    assert "resnet18:IMAGENET1K_V1" in capsys.readouterr().out
