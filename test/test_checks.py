"""The checks of a machine tell a healthy one from a broken one, and name the remedy."""

import hashlib
from pathlib import Path

import pytest

from deep_perception import checks
from deep_perception.checks import Check, is_built_for, machine_checks, no_cuda, weights
from deep_perception.errors import ModelError
from deep_perception.models import named_weights

MODEL = "squeezenet1_1"


def test_this_machine_passes_with_versions_named() -> None:
    found = {check.name: check for check in machine_checks()}
    assert list(found) == ["Python", "torch", "CUDA", "NumPy, OpenCV"]
    assert all(check.status in ("OK", "WARN") for check in found.values())
    assert found["torch"].status == "OK"
    assert "torchvision" in found["torch"].finding


def test_whatever_is_not_fine_says_what_to_do() -> None:
    for check in machine_checks():
        assert check.status == "OK" or check.remedy


def test_an_old_python_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OLDEST_PYTHON", (99, 0))
    assert checks.python().status == "FAIL"


def test_a_library_that_does_not_load_is_a_finding_not_a_traceback() -> None:
    def broken() -> Check:
        raise RuntimeError("operator torchvision::nms\ndoes not exist")

    found = checks._guarded("torch", "FAIL", "Install it again", broken)
    assert found == Check("torch", "FAIL", "operator torchvision::nms does not exist", "Install it again")


@pytest.mark.parametrize(
    ("built_for", "driver", "status", "says"),
    [
        (None, False, "OK", "models run on the CPU"),
        ("13.2", False, "OK", "models run on the CPU"),
        (None, True, "WARN", "built for the CPU only"),
        ("13.2", True, "WARN", "CUDA 13.2.*driver is too old"),
    ],
)
def test_an_unused_gpu_is_a_warning_and_no_gpu_is_fine(
    built_for: str | None, driver: bool, status: str, says: str
) -> None:
    found = no_cuda(built_for, driver, "the driver is\ntoo old")
    assert found.status == status
    assert says.split(".*")[0] in found.finding
    assert says.split(".*")[-1] in found.finding


@pytest.mark.parametrize(
    ("capability", "architectures", "runs"),
    [
        ((9, 0), ["sm_80", "sm_90"], True),
        ((8, 6), ["sm_80"], True),
        ((8, 0), ["sm_86"], False),
        ((9, 0), ["sm_80"], False),
        ((12, 1), ["sm_90", "compute_90"], True),
        ((6, 1), ["sm_75", "compute_120"], False),
        ((10, 0), ["sm_100a"], True),
        ((9, 0), [], True),
    ],
)
def test_a_gpu_that_torch_was_not_built_for_is_recognised(
    capability: tuple[int, int], architectures: list[str], runs: bool
) -> None:
    assert is_built_for(capability, architectures) is runs


def test_weights_that_are_not_cached_are_a_warning_with_the_command_to_fetch_them(cache: Path) -> None:
    found = weights(MODEL)
    assert found.status == "WARN"
    assert found.remedy == f"deep_perception weights fetch {named_weights(MODEL).full_name}"


def test_damaged_weights_fail_and_stay_where_they_are(cache: Path) -> None:
    file = cache / named_weights(MODEL).file_name
    cache.mkdir()
    file.write_bytes(b"damaged")
    found = weights(MODEL)
    assert found.status == "FAIL"
    assert hashlib.sha256(b"damaged").hexdigest()[:8] not in found.finding
    assert file.read_bytes() == b"damaged"


def test_a_network_without_published_weights_is_fine_and_an_unknown_one_an_error(cache: Path) -> None:
    assert weights("lenet5").status == "OK"
    with pytest.raises(ModelError, match="unknown model"):
        weights("lenet6")
