"""Names of the matrix: a head, an underscore, a backbone."""

from difflib import get_close_matches

from torchvision import models as zoo
from torchvision.models import detection as detection_zoo

from deep_perception.errors import ModelError
from deep_perception.models.networks.detectron.parts import BACKBONES, HEADS

ELSEWHERE = frozenset(zoo.list_models(module=detection_zoo))
"""torchvision's own names stay torchvision's own models."""


def _names_of(head: str) -> tuple[str, ...]:
    every = (f"{head}_{name}" for name, backbone in BACKBONES.items() if backbone.form in HEADS[head].trunks)
    return tuple(name for name in every if name not in ELSEWHERE)


NAMES_OF: dict[str, tuple[str, ...]] = {head: _names_of(head) for head in HEADS}
"""The names of the networks with each head."""


def parse(name: str) -> tuple[str, str]:
    """Return head and backbone; raise ModelError listing the parts there are."""
    head, _, backbone = name.partition("_")
    if head not in HEADS:
        raise ModelError(f"{name}: unknown head '{head}'. {_parts()}")
    if backbone not in BACKBONES:
        raise ModelError(f"{name}: unknown backbone '{backbone}'. {_parts()}")
    if BACKBONES[backbone].form not in HEADS[head].trunks:
        fitting = (known for known, one in BACKBONES.items() if one.form in HEADS[head].trunks)
        raise ModelError(f"{name}: {head} does not go with {backbone}. Backbones of {head}: {', '.join(fitting)}")
    return head, backbone


def explain(name: str) -> str | None:
    """Say in one line why a name that looks like one of these is none; None for names of another kind."""
    head, _, backbone = name.partition("_")
    misspelt = get_close_matches(head, HEADS) and not any(one.startswith(f"{head}_") for one in zoo.list_models())
    if not backbone or not (head in HEADS or (backbone in BACKBONES and misspelt)):
        return None
    try:
        parse(name)
    except ModelError as err:
        return str(err)
    return None


def _parts() -> str:
    return f"Backbones: {', '.join(BACKBONES)}; heads: {', '.join(HEADS)}"
