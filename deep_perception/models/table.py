"""MODELS: every network the package knows, one row a family."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from deep_perception import scenes
from deep_perception.errors import ModelError, WeightsError, unknown
from deep_perception.models import shipped
from deep_perception.models import torchvision_nets as tv
from deep_perception.models.classifier import Classifier, Preparation
from deep_perception.models.detector import Detector
from deep_perception.models.model import Model
from deep_perception.models.networks import fcos_shufflenet, lenet, resnext
from deep_perception.models.origin import Origin
from deep_perception.models.store import NamedWeights

LENET_PREPARATION = Preparation(28, 28, (0.1307,), (0.3081,))
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Family:
    """A row of MODELS."""

    names: tuple[str, ...]
    model: type[Model]
    build: Callable[[str, int], nn.Module]
    """Make the network `name` for that many classes, with random weights."""
    labels: tuple[str, ...]
    """Names of the classes when nothing else is said."""
    licence: str
    source: str
    weights: Callable[[str], tuple[NamedWeights, ...]] = lambda name: ()
    """Named weights of the network `name`, the recommended ones first."""
    preparation: Callable[[str, str | None], Preparation | None] = lambda name, weights: None
    """How pictures are prepared for these named weights; None: the network does it itself."""
    fit: Callable[[nn.Module, Origin], None] = lambda network, origin: None
    """Give a network the form it had when the weights of this origin were written."""
    input_size: tuple[int, int, int] = (3, 224, 224)

    @property
    def task(self) -> str:
        """Name of the row of TASKS."""
        return self.model.task


MODELS: tuple[Family, ...] = (
    Family(
        names=("lenet5",),
        model=Classifier,
        build=lambda name, classes: lenet.build(classes),
        labels=DIGITS,
        licence="Apache-2.0",
        source="LeCun et al. 1998, in the DeepRob course's variant",
        preparation=lambda name, weights: LENET_PREPARATION,
        input_size=(1, 28, 28),
    ),
    Family(
        names=tv.CLASSIFIERS,
        model=Classifier,
        build=tv.build_classifier,
        labels=tv.IMAGENET_LABELS,
        licence="BSD-3-Clause",
        source="torchvision.models",
        weights=lambda name: tv.named_weights(name) + shipped.named_weights(name),
        preparation=tv.preparation,
        fit=tv.fit_to_origin,
    ),
    Family(
        names=("resnext152_32x8d",),
        model=Classifier,
        build=lambda name, classes: resnext.build(classes),
        labels=tv.IMAGENET_LABELS,
        licence="BSD-3-Clause",
        source="Xie et al. 2017, from torchvision's ResNet blocks",
        preparation=lambda name, weights: Preparation(),
    ),
    Family(
        names=tv.DETECTORS,
        model=Detector,
        build=tv.build_detector,
        labels=tv.COCO_LABELS,
        licence="BSD-3-Clause",
        source="torchvision.models.detection",
        weights=tv.named_weights,
        fit=tv.fit_to_origin,
        input_size=(3, 480, 640),
    ),
    Family(
        names=("fcos_shufflenet_v2_x1_0_fpn",),
        model=Detector,
        build=lambda name, classes: fcos_shufflenet.build(classes),
        labels=scenes.LABELS,
        licence="Apache-2.0",
        source="Tian et al. 2019 and Ma et al. 2018, from torchvision's parts",
        weights=shipped.named_weights,
        input_size=(3, 480, 640),
    ),
)


def names() -> list[str]:
    """Return the name of every network, in the order of the table."""
    return [name for family in MODELS for name in family.names]


def find(name: str) -> Family:
    """Return the row of a network; raise ModelError naming the nearest ones."""
    for family in MODELS:
        if name in family.names:
            return family
    raise ModelError(f"{unknown('model', name, names())}. `deep_perception models` lists all")


def build_network(name: str, num_classes: int | None = None) -> nn.Module:
    """Build a network with random weights, for the family's usual number of classes unless told otherwise."""
    family = find(name)
    return family.build(name, num_classes or len(family.labels))


def named_weights(name: str, wanted: str = "default") -> NamedWeights:
    """Return the weights of a network by their name; raise WeightsError when it has none of that name."""
    choices = find(name).weights(name)
    if not choices:
        raise WeightsError(f"weights: no weights are published for {name}. Give a file, or none for random ones")
    if wanted == "default":
        return choices[0]
    for choice in choices:
        if choice.name == wanted:
            return choice
    raise WeightsError(f"{unknown('weights', wanted, [choice.name for choice in choices])} of {name}, nor is it a file")
