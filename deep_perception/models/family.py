"""What is known about a family of networks: a row of MODELS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from deep_perception.models import checkpoint as checkpoints
from deep_perception.models.model import Model
from deep_perception.models.origin import Origin
from deep_perception.models.store import NamedWeights


def load_whole(network: nn.Module, origin: Origin) -> None:
    """Load weights that must fit the network tensor by tensor."""
    assert origin.checkpoint is not None
    checkpoints.load_whole(network, origin.checkpoint, origin.labels)


@dataclass(frozen=True)
class Family:
    """A row of MODELS."""

    names: tuple[str, ...]
    model: type[Model]
    build: Callable[[Origin], nn.Module]
    """Make a network with random weights, in the form that it had when the weights of this origin were written."""
    labels: tuple[str, ...]
    """Names of the classes when nothing else is said; none where a picture is the answer."""
    licence: str
    source: str
    verified: str
    """What proves that weights made elsewhere are read right and answer as they should."""
    weights: Callable[[str], tuple[NamedWeights, ...]] = lambda name: ()
    """Named weights of the network `name`, the recommended ones first."""
    weights_from: str = "none"
    """Who publishes them."""
    arguments: Callable[[Origin], dict[str, Any]] = lambda origin: {}
    """What else the model has to know, such as how pictures are prepared for these weights."""
    load: Callable[[nn.Module, Origin], None] = load_whole
    """Put the weights of this origin into a network that was built for it."""
    recognises: Callable[[Mapping[str, Tensor]], bool] = lambda state: False
    """Tell from the tensors of a file that does not name its network whether it belongs here."""
    scales: tuple[int, ...] = ()
    """How many times larger the networks can make a picture, the usual one first; none where they do not."""
    scale_of: Callable[[Mapping[str, Tensor]], int] = lambda state: 0
    """Tell from the tensors of a file for which scale they were made; 0: for any."""
    one_for_all_scales: bool = False
    """Whether the same weights serve every scale."""
    input_size: tuple[int, int, int] = (3, 224, 224)

    @property
    def task(self) -> str:
        """Name of the row of TASKS."""
        return self.model.task
