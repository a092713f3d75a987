"""The verb `summary`."""

import argparse
import json
import re
from dataclasses import asdict

import torch

from deep_perception.cli.tables import print_table, short
from deep_perception.errors import ConfigError, ModelError
from deep_perception.models import build_network, find
from deep_perception.models.origin import Origin
from deep_perception.models.summary import Layer, summarize
from deep_perception.models.unallocated import unallocated

EXAMPLE = """example:
  deep_perception summary lenet5
  deep_perception summary vgg19 --size 224x224 --classes 21 --json"""

SMALLEST, LARGEST = 1, 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", help="name of a network; `deep_perception models` lists them")
    parser.add_argument(
        "--size", metavar="HxW", type=_size, help="size of the picture (default: what it was trained on)"
    )
    parser.add_argument("--classes", metavar="N", type=_count, help="number of classes (default: as published)")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the layers and their totals."""
    channels, *usual = _usual_size(arguments.model)
    size = (channels, *(arguments.size or usual))
    layers = _summarize(arguments.model, arguments.classes, size)
    parameters, flops = sum(layer.parameters for layer in layers), sum(layer.flops for layer in layers)
    if arguments.json:
        about = {"model": arguments.model, "input": size, "parameters": parameters, "flops": flops}
        print(json.dumps({**about, "layers": [asdict(layer) for layer in layers]}, indent=1))
        return 0
    print_table(
        ("layer", "kind", "output", "weight", "parameters", "FLOPs", "receptive field", "stride"),
        [_cells(layer) for layer in layers],
    )
    print(f"\n{arguments.model} for {_by(size)}: {parameters:,} parameters, {short(flops)} FLOPs (multiply-adds)")
    return 0


def _usual_size(model: str) -> tuple[int, ...]:
    family = find(model)
    preparation = family.arguments(Origin(model, family.labels)).get("preparation")
    side = preparation.crop if preparation else None
    return (family.input_size[0], side, side) if side else family.input_size


def _summarize(model: str, classes: int | None, size: tuple[int, ...]) -> list[Layer]:
    if find(model).task == "classification":
        # Sizes are all that is needed, so the largest network takes no memory.
        with unallocated():
            network = build_network(model, classes)
        network = network.to("meta")
    else:
        torch.manual_seed(0)  # which boxes a detector proposes depends on its random weights
        network = build_network(model, classes)
    try:
        return summarize(network, size)
    except (RuntimeError, AssertionError) as err:
        reason = (str(err) or "no reason given").splitlines()[0]
        raise ModelError(f"{model} cannot take a picture of {_by(size)} ({reason}). Give another --size") from err


def _cells(layer: Layer) -> tuple[object, ...]:
    used = layer.output is not None or layer.calls > 0
    return (
        layer.name,
        layer.kind + (f" ({layer.calls} times)" if layer.calls > 1 else ""),
        _by(layer.output) if used else "only in training",
        _by(layer.weight),
        layer.parameters,
        layer.flops,
        _square(layer.receptive_field) or layer.reach or "-",
        _square(layer.stride) or "-",
    )


def _by(size: tuple[float, ...] | None) -> str:
    return "x".join(f"{length:g}" for length in size) if size else "-"


def _square(size: tuple[float, float] | None) -> str:
    if size is None:
        return ""
    return f"{size[0]:g}" if size[0] == size[1] else f"{size[0]:g}x{size[1]:g}"


def _size(text: str) -> tuple[int, int]:
    sides = re.fullmatch(r"(\d+)x(\d+)", text)
    if not sides or not all(SMALLEST <= int(side) <= LARGEST for side in sides.groups()):
        raise ConfigError(f"--size: got '{text}', expected HxW with sides of {SMALLEST} to {LARGEST}, such as 480x640")
    return int(sides[1]), int(sides[2])


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise ConfigError(f"--classes: got '{text}', expected a whole number of 1 to 100000")
    return int(text)
