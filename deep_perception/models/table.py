"""MODELS: every network the package knows, one row a family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn

from deep_perception import scenes
from deep_perception.errors import ModelError, WeightsError, unknown
from deep_perception.models import checkpoint as checkpoints
from deep_perception.models import detectron_nets, shipped, spandrel_nets, upscaling_nets
from deep_perception.models import torchvision_nets as tv
from deep_perception.models.classifier import Classifier, Preparation, prepared
from deep_perception.models.colorizer import Colorizer, asked
from deep_perception.models.detector import Detector
from deep_perception.models.instance_segmenter import InstanceSegmenter
from deep_perception.models.model import Model
from deep_perception.models.networks import (
    colorizer_shufflenet,
    deoldify,
    detectron,
    fcos_shufflenet,
    lenet,
    lraspp_shufflenet,
    resnext,
    zhang_eccv16,
    zhang_siggraph17,
)
from deep_perception.models.origin import Origin
from deep_perception.models.proposal_detector import ProposalDetector
from deep_perception.models.proposer import PROPOSAL_LABELS, Proposer
from deep_perception.models.segmenter import Segmenter, resized
from deep_perception.models.store import NamedWeights
from deep_perception.models.upscaler import Upscaler

LENET_PREPARATION = Preparation(28, 28, (0.1307,), (0.3081,))
DIGITS = tuple("0123456789")


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
    weights: Callable[[str], tuple[NamedWeights, ...]] = lambda name: ()
    """Named weights of the network `name`, the recommended ones first."""
    arguments: Callable[[Origin], dict[str, Any]] = lambda origin: {}
    """What else the model has to know, such as how pictures are prepared for these weights."""
    load: Callable[[nn.Module, Origin], None] = load_whole
    """Put the weights of this origin into a network that was built for it."""
    recognises: Callable[[Mapping[str, Tensor]], bool] = lambda state: False
    """Tell from the tensors of a file that does not name its network whether it belongs here."""
    scales: tuple[int, ...] = ()
    """How many times larger the networks can make a picture, the usual one first; none where they do not."""
    one_for_all_scales: bool = False
    """Whether the same weights serve every scale."""
    input_size: tuple[int, int, int] = (3, 224, 224)

    @property
    def task(self) -> str:
        """Name of the row of TASKS."""
        return self.model.task


MODELS: tuple[Family, ...] = (
    Family(
        names=("lenet5",),
        model=Classifier,
        build=lambda origin: lenet.build(len(origin.labels)),
        labels=DIGITS,
        licence="Apache-2.0",
        source="LeCun et al. 1998, in the DeepRob course's variant",
        arguments=lambda origin: prepared(origin, LENET_PREPARATION),
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
        arguments=lambda origin: prepared(origin, tv.preparation(origin.name, origin.known_as)),
    ),
    Family(
        names=("resnext152_32x8d",),
        model=Classifier,
        build=lambda origin: resnext.build(len(origin.labels)),
        labels=tv.IMAGENET_LABELS,
        licence="BSD-3-Clause",
        source="Xie et al. 2017, from torchvision's ResNet blocks",
        arguments=lambda origin: prepared(origin, Preparation()),
    ),
    Family(
        names=tv.DETECTORS,
        model=Detector,
        build=tv.build_detector,
        labels=tv.COCO_LABELS,
        licence="BSD-3-Clause",
        source="torchvision.models.detection",
        weights=tv.named_weights,
        input_size=(3, 480, 640),
    ),
    Family(
        names=tv.INSTANCE_SEGMENTERS,
        model=InstanceSegmenter,
        build=tv.build_detector,
        labels=tv.COCO_LABELS,
        licence="BSD-3-Clause",
        source="torchvision.models.detection",
        weights=tv.named_weights,
        input_size=(3, 480, 640),
    ),
    Family(
        names=tv.SEGMENTERS,
        model=Segmenter,
        build=tv.build_segmenter,
        labels=tv.VOC_LABELS,
        licence="BSD-3-Clause",
        source="torchvision.models.segmentation",
        weights=tv.named_weights,
        arguments=resized,
        input_size=(3, 480, 640),
    ),
    Family(
        names=("fcos_shufflenet_v2_x1_0_fpn",),
        model=Detector,
        build=lambda origin: fcos_shufflenet.build(len(origin.labels)),
        labels=scenes.LABELS,
        licence="Apache-2.0",
        source="Tian et al. 2019 and Ma et al. 2018, from torchvision's parts",
        weights=shipped.named_weights,
        input_size=(3, 480, 640),
    ),
    Family(
        names=("lraspp_shufflenet_v2_x1_0",),
        model=Segmenter,
        build=lambda origin: lraspp_shufflenet.build(len(origin.labels)),
        labels=scenes.LABELS,
        licence="Apache-2.0",
        source="Howard et al. 2019 and Ma et al. 2018, from torchvision's parts",
        weights=shipped.named_weights,
        arguments=lambda origin: resized(origin, lraspp_shufflenet.SIDE),
        input_size=(3, 480, 640),
    ),
    *(
        Family(
            names=detectron.NAMES_OF[head],
            model=model,
            build=detectron_nets.build,
            labels=PROPOSAL_LABELS if model is Proposer else tv.COCO_LABELS,
            licence="Apache-2.0",
            source=source,
            weights=detectron_nets.named_weights,
            load=detectron_nets.load,
            input_size=(3, 480, 640),
        )
        for head, model, source in (
            ("fasterrcnn", Detector, "Ren et al. 2015 and Lin et al. 2017, from torchvision's parts"),
            ("maskrcnn", InstanceSegmenter, "He et al. 2017, from torchvision's parts"),
            ("retinanet", Detector, "Lin et al. 2017, from torchvision's parts"),
            ("fastrcnn", ProposalDetector, "Girshick 2015, from torchvision's parts"),
            ("rfcn", Detector, "Dai et al. 2016, from torchvision's parts"),
            ("rpn", Proposer, "Ren et al. 2015, from torchvision's parts"),
        )
    ),
    Family(
        names=("colorizer_eccv16",),
        model=Colorizer,
        build=lambda origin: zhang_eccv16.build(),
        labels=(),
        licence="BSD-2-Clause",
        source="Zhang et al. 2016, as in richzhang/colorization",
        weights=zhang_eccv16.named_weights,
        arguments=asked,
        input_size=(1, 256, 256),
    ),
    Family(
        names=("colorizer_siggraph17",),
        model=Colorizer,
        build=lambda origin: zhang_siggraph17.build(),
        labels=(),
        licence="BSD-2-Clause",
        source="Zhang et al. 2017, as in richzhang/colorization",
        weights=zhang_siggraph17.named_weights,
        arguments=asked,
        input_size=(1, 256, 256),
    ),
    Family(
        names=("colorizer_shufflenet_v2_x1_0",),
        model=Colorizer,
        build=lambda origin: colorizer_shufflenet.build(),
        labels=(),
        licence="Apache-2.0",
        source="Zhang et al. 2016 and Ma et al. 2018, from torchvision's parts",
        weights=shipped.named_weights,
        arguments=asked,
        input_size=(3, 256, 320),
    ),
    Family(
        names=tuple(f"deoldify_{variant}" for variant in deoldify.VARIANTS),
        model=Colorizer,
        build=lambda origin: deoldify.build(origin.name.removeprefix("deoldify_")),
        labels=(),
        licence="MIT",
        source="Antic et al. 2019, as in jantic/DeOldify",
        weights=lambda name: deoldify.released(name.removeprefix("deoldify_")),
        arguments=asked,
        input_size=(3, 336, 336),
    ),
    *(
        Family(
            names=(name,),
            model=Upscaler,
            build=upscaling_nets.build,
            labels=(),
            licence=network.licence,
            source=network.source,
            weights=lambda name: upscaling_nets.named_weights(name) + shipped.named_weights(name),
            recognises=partial(upscaling_nets.recognises, name),
            scales=upscaling_nets.SCALES,
            one_for_all_scales=network.one_for_all_scales,
            input_size=(3, 120, 160),
        )
        for name, network in upscaling_nets.OWN.items()
    ),
    Family(
        names=("spandrel",),
        model=Upscaler,
        build=spandrel_nets.build,
        labels=(),
        licence=spandrel_nets.LICENCE,
        source=spandrel_nets.SOURCE,
        weights=spandrel_nets.named_weights,
        recognises=spandrel_nets.recognises,
        input_size=(3, 120, 160),
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
    lists_all = "`deep_perception models` lists all"
    raise ModelError(f"{detectron.explain(name) or unknown('model', name, names())}. {lists_all}")


def build_network(name: str, num_classes: int | None = None) -> nn.Module:
    """Build a network with random weights, for the family's usual number of classes unless told otherwise."""
    family = find(name)
    labels = tuple(map(str, range(num_classes))) if num_classes else family.labels
    return family.build(Origin(name, labels, scale=usual_scale(family)))


def usual_scale(family: Family) -> int:
    """Return how many times larger a network of this family makes a picture when nothing is said; 0: it does not."""
    return family.scales[0] if family.scales else 0


def named_weights(name: str, wanted: str = "default") -> NamedWeights:
    """Return the weights of a network by their name; raise WeightsError when it has none of that name."""
    choices = find(name).weights(name)
    whole = [choice for choice in choices if not choice.backbone_only]
    if not choices or (wanted == "default" and not whole):
        start = f"; to train from a backbone: {', '.join(choice.name for choice in choices)}" if choices else ""
        raise WeightsError(f"weights: no weights are published for {name}. Give a file, or none for random ones{start}")
    if wanted == "default":
        return whole[0]
    for choice in choices:
        if choice.name == wanted:
            return choice
    raise WeightsError(f"{unknown('weights', wanted, [choice.name for choice in choices])} of {name}, nor is it a file")
