"""What of this machine decides whether the models run: one small function a check, for `deep_perception doctor`."""

import platform
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

OLDEST_PYTHON = (3, 10)
TORCH_REMEDY = "Install a pair that fits: pip install --force-reinstall torch torchvision"
DRIVERS = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/nvhost-gpu", "/dev/dxg")


@dataclass(frozen=True)
class Check:
    """One line of a diagnosis."""

    name: str
    status: Literal["OK", "WARN", "FAIL"]
    finding: str
    remedy: str = ""


def machine_checks() -> Iterator[Check]:
    """Check everything that has nothing to do with ROS or with one model."""
    yield python()
    yield _guarded("torch", "FAIL", TORCH_REMEDY, torch_and_torchvision)
    yield _guarded("CUDA", "WARN", TORCH_REMEDY, cuda)
    yield _guarded(
        "NumPy, OpenCV", "FAIL", "Install them: pip install numpy 'opencv-python-headless<5'", numpy_and_opencv
    )


def python() -> Check:
    """Is Python new enough?"""
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Check("Python", "FAIL", found, "Use Python 3.10 or newer")
    return Check("Python", "OK", found)


def torch_and_torchvision() -> Check:
    """Do the operators of torchvision, which are compiled against one torch, really load?"""
    import torch
    import torchvision

    kept = torchvision.ops.nms(
        torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.0]]), torch.tensor([0.9, 0.8]), 0.5
    )
    found = f"torch {torch.__version__}, torchvision {torchvision.__version__}, {torch.get_num_threads()} threads"
    if kept.tolist() != [0]:
        return Check("torch", "FAIL", f"{found}: nms gave {kept.tolist()}, expected [0]", TORCH_REMEDY)
    return Check("torch", "OK", found)


def cuda() -> Check:
    """Is there a GPU, and was this torch built for it?"""
    import torch

    with warnings.catch_warnings(record=True) as complaints:  # a driver that is too old is only a warning of torch's
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if not available:
        driver = any(Path(path).exists() for path in DRIVERS)
        return no_cuda(torch.version.cuda, driver, "; ".join(str(one.message) for one in complaints))
    architectures = torch.cuda.get_arch_list()
    for index in range(torch.cuda.device_count()):
        if not is_built_for(torch.cuda.get_device_capability(index), architectures):
            found = f"{_gpu(torch, index)}; this torch is built for {' '.join(architectures)}"
            return Check("CUDA", "FAIL", found, "Install a torch that is built for this GPU: see pytorch.org")
        float(torch.ones(8, device=f"cuda:{index}").sum())
    gpus = ", ".join(_gpu(torch, index) for index in range(torch.cuda.device_count()))
    return Check("CUDA", "OK", f"{torch.version.cuda}: {gpus}")


def no_cuda(built_for: str | None, driver: bool, complaint: str) -> Check:
    """Say why the GPU is not used; without a driver there is nothing wrong."""
    if not driver:
        return Check("CUDA", "OK", "no NVIDIA driver here: models run on the CPU")
    if built_for is None:
        remedy = "Install a torch with CUDA: pip install torch torchvision; on a Jetson, NVIDIA's own torch wheel"
        return Check("CUDA", "WARN", "there is an NVIDIA driver, but this torch is built for the CPU only", remedy)
    reason = " ".join(complaint.split()) or "it sees no device"
    remedy = "Update the driver, install a torch for an older CUDA, or give the container its GPU (--gpus all)"
    return Check("CUDA", "WARN", f"torch (CUDA {built_for}) cannot use the NVIDIA driver: {reason}", remedy)


def is_built_for(capability: tuple[int, int], architectures: Sequence[str]) -> bool:
    """Tell whether code for these architectures runs on a GPU of this capability.

    Machine code (sm) runs within its generation, from its minor version on; intermediate code (compute) on all later.
    """
    for architecture in architectures:
        if match := re.fullmatch(r"(sm|compute)_(\d+)(\d)[a-z]*", architecture):
            kind, own = match[1], (int(match[2]), int(match[3]))
            if own <= capability and (kind == "compute" or own[0] == capability[0]):
                return True
    return not architectures


def numpy_and_opencv() -> Check:
    """Do they import together, and would cv_bridge cope with them?"""
    import cv2
    import numpy as np

    cv2.cvtColor(np.zeros((2, 2, 3), np.uint8), cv2.COLOR_BGR2RGB)
    found = f"NumPy {np.__version__}, OpenCV {cv2.__version__}"
    if int(cv2.__version__.split(".")[0]) >= 5:
        return Check(
            "NumPy, OpenCV", "WARN", f"{found}; cv_bridge fails with OpenCV 5", "pip install 'opencv-python-headless<5'"
        )
    return Check("NumPy, OpenCV", "OK", found)


def weights(name: str) -> Check:
    """Are the default weights of this network here, and whole?"""
    from deep_perception.errors import WeightsError
    from deep_perception.models import find, named_weights
    from deep_perception.models.files import sha256_of
    from deep_perception.models.store import Store

    find(name)
    try:
        named = named_weights(name)
    except WeightsError:
        return Check("weights", "OK", f"none are published for {name}: give a file")
    path, fetch = Store().path(named), f"deep_perception weights fetch {named.full_name}"
    if not path.is_file():
        return Check("weights", "WARN", f"{named.full_name} is not in the cache ({path.parent})", fetch)
    if not sha256_of(path).startswith(named.sha256):
        return Check(
            "weights", "FAIL", f"{path} is damaged: its sha256 is not {named.sha256[:16]}", f"Fetch it again: {fetch}"
        )
    return Check("weights", "OK", f"{named.full_name} at {path}")


def _guarded(name: str, status: Literal["WARN", "FAIL"], remedy: str, check: Callable[[], Check]) -> Check:
    """Run a check; what its libraries throw at import or at work is its finding."""
    try:
        return check()
    except (ImportError, OSError, RuntimeError, AttributeError, ValueError) as err:
        return Check(name, status, " ".join(str(err).split())[:300] or type(err).__name__, remedy)


def _gpu(torch: Any, index: int) -> str:
    major, minor = torch.cuda.get_device_capability(index)
    memory = torch.cuda.get_device_properties(index).total_memory / 2**30
    return f"{torch.cuda.get_device_name(index)} ({memory:.0f} GiB, capability {major}.{minor})"
