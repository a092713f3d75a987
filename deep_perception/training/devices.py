"""Where a training runs: a CPU, a GPU, or several of them under torchrun."""

import os
from datetime import timedelta

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from deep_perception.config import TrainConfig
from deep_perception.errors import DeviceError
from deep_perception.runtime.device import choose_device

PATIENCE = timedelta(hours=6)
"""How long the other processes wait while the first one examines the model."""


def launch(config: TrainConfig) -> Fabric:
    """Join the processes of this training; raise DeviceError for a device or precision that is not there."""
    device = choose_device(config.device)
    if device.type == "cpu" and config.precision == "16-mixed":
        raise DeviceError("precision: 16-mixed is for a GPU, got device cpu. Use 32-true or bf16-mixed")
    processes, here = (int(os.environ.get(name, 1)) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if processes > 1:
        _check_shared(config, device, here)
    fabric = Fabric(
        accelerator=device.type,
        devices=here if processes > 1 or device.type == "cpu" else [device.index or 0],
        num_nodes=processes // here,
        # Of a batch without things some parts of a detector learn nothing.
        strategy=DDPStrategy(find_unused_parameters=True, timeout=PATIENCE) if processes > 1 else "auto",
        precision=config.precision,
    )
    fabric.launch()
    return fabric


def _check_shared(config: TrainConfig, device: torch.device, here: int) -> None:
    if config.device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"device: got {config.device}, but torchrun gives each process one. Use auto, cpu or cuda")
    if device.type == "cuda" and here > torch.cuda.device_count():
        raise DeviceError(
            f"device: torchrun starts {here} processes, but there are {torch.cuda.device_count()} GPUs. "
            f"Start one for each: --nproc-per-node {torch.cuda.device_count()}"
        )
