"""Choose the device and the number format, and say why."""

import logging

import torch

from deep_perception.errors import DeviceError

logger = logging.getLogger(__name__)

PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def choose_device(wanted: str = "auto") -> torch.device:
    """Return the device named `auto`, `cpu`, `cuda` or `cuda:N`; raise DeviceError when it is not there."""
    if wanted == "auto":
        return _choose_for_user()
    try:
        device = torch.device(wanted)
    except RuntimeError as err:
        raise DeviceError(f"device: got '{wanted}', expected auto, cpu, cuda or cuda:N") from err
    if device.type not in ("cpu", "cuda"):
        raise DeviceError(f"device: got '{wanted}', expected auto, cpu, cuda or cuda:N")
    if device.type == "cuda":
        _check_cuda(wanted, device.index or 0)
    return device


def choose_precision(wanted: str, device: torch.device) -> torch.dtype:
    """Return the number format of the network's work on `device`; `auto` is float32, as torchvision's."""
    if wanted == "auto":
        return torch.float32
    if wanted not in PRECISIONS:
        raise DeviceError(f"precision: got '{wanted}', expected auto or one of {', '.join(PRECISIONS)}")
    if wanted == "float16" and device.type == "cpu":
        raise DeviceError("precision: float16 is for a GPU, got device cpu. Use float32 or bfloat16")
    return PRECISIONS[wanted]


def _choose_for_user() -> torch.device:
    if torch.cuda.is_available():
        logger.info("device auto: chose cuda:0, %s", torch.cuda.get_device_name(0))
        return torch.device("cuda:0")
    logger.info("device auto: chose cpu, because %s", _why_no_cuda())
    return torch.device("cpu")


def _check_cuda(wanted: str, index: int) -> None:
    if not torch.cuda.is_available():
        raise DeviceError(
            f"device: got '{wanted}', but {_why_no_cuda()}. Use auto or cpu, or run `deep_perception doctor`"
        )
    count = torch.cuda.device_count()
    if index >= count:
        raise DeviceError(f"device: got '{wanted}', expected cuda:0 to cuda:{count - 1} on this machine")


def _why_no_cuda() -> str:
    if torch.version.cuda is None:
        return "this torch was built without CUDA"
    return f"torch (built for CUDA {torch.version.cuda}) finds no usable NVIDIA GPU or driver"
