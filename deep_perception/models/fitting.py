"""Do these weights fit this network, and if not, what is wrong in one line?"""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from deep_perception.errors import WeightsError

OLD_NAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2"),
        (r"(inner_blocks|layer_blocks)\.(\d+)\.(weight|bias)$", r"\1.\2.0.\3"),
        (r"rpn\.head\.conv\.(weight|bias)$", r"rpn.head.conv.0.0.\1"),
        (r"_head\.conv\.0\.(weight|bias)$", r"_head.conv.0.0.\1"),
        (r"_head\.conv\.2\.(weight|bias)$", r"_head.conv.1.0.\1"),
        (r"_head\.conv\.4\.(weight|bias)$", r"_head.conv.2.0.\1"),
        (r"_head\.conv\.6\.(weight|bias)$", r"_head.conv.3.0.\1"),
        (r"\.mlp\.linear_1\.", ".mlp.0."),
        (r"\.mlp\.linear_2\.", ".mlp.3."),
    )
)
"""How torchvision's older files, which it still publishes, name what its networks now name otherwise."""


def check_fit(
    network: nn.Module,
    state: Mapping[str, Tensor],
    made_for: str | None = None,
    labels: Sequence[str] | None = None,
    expected_labels: Sequence[str] | None = None,
) -> dict[str, Tensor]:
    """Return the state under the network's own names; raise WeightsError unless every tensor has its place."""
    own = network.state_dict()
    state = {_present_name(name, own): tensor for name, tensor in state.items()}
    missing = [name for name in own if name not in state and not _is_counter(name)]
    unexpected = [name for name in state if name not in own and not _is_counter(name)]
    other = [name for name in own if name in state and own[name].shape != state[name].shape]
    if other and not missing and not unexpected and all(_differ_in_length(own[name], state[name]) for name in other):
        sizes = [(len(state[name]), len(own[name])) for name in other]
        raise WeightsError(_other_classes(sizes, labels, expected_labels))
    if missing or unexpected or other:
        examples = [f"{name} {tuple(state[name].shape)} for {tuple(own[name].shape)}" for name in other]
        kinds = {"missing": missing, "unexpected": unexpected, "of another shape": examples}
        found = ", ".join(f"{len(names)} {kind} ({names[0]})" for kind, names in kinds.items() if names)
        maker = f"were made for {made_for}" if made_for else "were made for another network"
        raise WeightsError(f"weights do not fit, they {maker}: {found}. Set model to the one they were trained with")
    if labels and expected_labels and tuple(labels) != tuple(expected_labels):
        raise WeightsError(f"weights were made for the classes {_few(labels)}, expected {_few(expected_labels)}")
    return {name: tensor for name, tensor in state.items() if name in own}


def _present_name(name: str, own: Mapping[str, Tensor]) -> str:
    if name in own:
        return name
    renamed = (pattern.sub(new, name) for pattern, new in OLD_NAMES)
    return next((candidate for candidate in renamed if candidate in own), name)


def _is_counter(name: str) -> bool:
    """Batch norm counts its batches; frozen ones and old files do without, and nothing depends on it."""
    return name.endswith("num_batches_tracked")


def _differ_in_length(one: Tensor, other: Tensor) -> bool:
    return one.dim() == other.dim() > 0 and one.shape[1:] == other.shape[1:]


def _other_classes(
    sizes: list[tuple[int, int]], labels: Sequence[str] | None, expected_labels: Sequence[str] | None
) -> str:
    got, expected = min(sizes)
    if expected_labels and expected % len(expected_labels) == 0:
        # A head may hold several outputs for each class, one for every anchor.
        got, expected = got * len(expected_labels) // expected, len(expected_labels)
    got = len(labels) if labels else got
    return (
        f"weights were made for {got} classes, the network has {expected}. "
        f"Give the {got} names of the weights' classes as labels, or weights for {expected} classes"
    )


def _few(labels: Sequence[str]) -> str:
    return f"{', '.join(labels[:4])}{'…' if len(labels) > 4 else ''} ({len(labels)})"
