"""MODELS: every network the package knows, one row a family."""

from functools import partial

from torch import nn

from deep_perception import scenes
from deep_perception.errors import ModelError, WeightsError, unknown
from deep_perception.models import detectron_nets, shipped, spandrel_nets, upscaling_nets
from deep_perception.models import torchvision_nets as tv
from deep_perception.models.classifier import Classifier, Preparation, prepared
from deep_perception.models.colorizer import Colorizer, asked
from deep_perception.models.detector import Detector
from deep_perception.models.family import Family
from deep_perception.models.instance_segmenter import InstanceSegmenter
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
LEARNS = "training on rendered scenes, by a small backbone"
DIGITS = tuple("0123456789")


MODELS: tuple[Family, ...] = (
    Family(
        names=("lenet5",),
        model=Classifier,
        build=lambda origin: lenet.build(len(origin.labels)),
        labels=DIGITS,
        licence="Apache-2.0",
        source="LeCun et al. 1998, in the DeepRob course's variant",
        verified="random weights",
        arguments=lambda origin: prepared(origin, lambda: LENET_PREPARATION),
        input_size=(1, 28, 28),
    ),
    Family(
        names=tv.CLASSIFIERS,
        model=Classifier,
        build=tv.build_classifier,
        labels=tv.IMAGENET_LABELS,
        licence="BSD-3-Clause",
        source="torchvision.models",
        verified="real weights of mobilenet_v2 and squeezenet1_1; the others: state dicts of the official shape",
        weights_from="torchvision; one comes with the package",
        weights=lambda name: tv.named_weights(name) + shipped.named_weights(name),
        arguments=lambda origin: prepared(origin, lambda: tv.preparation(origin.name, origin.known_as)),
    ),
    Family(
        names=("resnext152_32x8d",),
        model=Classifier,
        build=lambda origin: resnext.build(len(origin.labels)),
        labels=tv.IMAGENET_LABELS,
        licence="BSD-3-Clause",
        source="Xie et al. 2017, from torchvision's ResNet blocks",
        verified="random weights",
        arguments=lambda origin: prepared(origin, Preparation),
    ),
    Family(
        names=tv.DETECTORS,
        model=Detector,
        build=tv.build_detector,
        labels=tv.COCO_LABELS,
        licence="BSD-3-Clause",
        source="torchvision.models.detection",
        verified="real weights of ssdlite320_mobilenet_v3_large; the others: state dicts of the official shape",
        weights_from="torchvision",
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
        verified="state dicts of the official shape",
        weights_from="torchvision",
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
        verified="state dicts of the official shape",
        weights_from="torchvision",
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
        verified="its weights, on rendered scenes",
        weights_from="with the package",
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
        verified="its weights, on rendered scenes",
        weights_from="with the package",
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
            verified=verified,
            weights_from=weights_from,
            weights=detectron_nets.named_weights,
            load=detectron_nets.load,
            input_size=(3, 480, 640),
        )
        for head, model, source, verified, weights_from in (
            (
                "fasterrcnn",
                Detector,
                "Ren et al. 2015 and Lin et al. 2017, from torchvision's parts",
                LEARNS,
                "torchvision, for the backbone",
            ),
            (
                "maskrcnn",
                InstanceSegmenter,
                "He et al. 2017, from torchvision's parts",
                "its weights (shufflenet_v2_x1_0_fpn), on rendered scenes",
                "torchvision, for the backbone; one comes with the package",
            ),
            (
                "retinanet",
                Detector,
                "Lin et al. 2017, from torchvision's parts",
                LEARNS,
                "torchvision, for the backbone",
            ),
            (
                "fastrcnn",
                ProposalDetector,
                "Girshick 2015, from torchvision's parts",
                LEARNS,
                "torchvision, for the backbone",
            ),
            ("rfcn", Detector, "Dai et al. 2016, from torchvision's parts", LEARNS, "torchvision, for the backbone"),
            ("rpn", Proposer, "Ren et al. 2015, from torchvision's parts", LEARNS, "torchvision, for the backbone"),
        )
    ),
    Family(
        names=("colorizer_eccv16",),
        model=Colorizer,
        build=lambda origin: zhang_eccv16.build(),
        labels=(),
        licence="BSD-2-Clause",
        source="Zhang et al. 2016, as in richzhang/colorization",
        verified="state dicts of the official shape; outputs equal the public code's",
        weights_from="its authors",
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
        verified="state dicts of the official shape; outputs equal the public code's",
        weights_from="its authors",
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
        verified="its weights, on rendered scenes",
        weights_from="with the package",
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
        verified="state dicts of the official shape; outputs equal the public code's",
        weights_from="its authors",
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
            verified=network.verified,
            weights_from=network.weights_from,
            weights=lambda name: upscaling_nets.named_weights(name) + shipped.named_weights(name),
            recognises=partial(upscaling_nets.recognises, name),
            scales=upscaling_nets.SCALES,
            scale_of=partial(upscaling_nets.scale_of, name),
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
        verified="state dicts of the shapes of ESRGAN, Real-ESRGAN, SwinIR, SPAN, RCAN and HAT",
        weights_from="Real-ESRGAN's authors, and whoever publishes for these networks",
        weights=spandrel_nets.named_weights,
        load=spandrel_nets.load,
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


def named_weights(name: str, wanted: str = "default", scale: int = 0) -> NamedWeights:
    """Return the weights of a network by their name; raise WeightsError when it has none of that name.

    The default ones are those for `scale`, where there are some for each.
    """
    choices = find(name).weights(name)
    whole = [choice for choice in choices if not choice.backbone_only]
    if not choices or (wanted == "default" and not whole):
        start = f"; to train from a backbone: {', '.join(choice.name for choice in choices)}" if choices else ""
        raise WeightsError(f"weights: no weights are published for {name}. Give a file, or none for random ones{start}")
    if wanted == "default":
        return next((choice for choice in whole if scale and choice.scale == scale), whole[0])
    for choice in choices:
        if choice.name == wanted:
            return choice
    raise WeightsError(f"{unknown('weights', wanted, [choice.name for choice in choices])} of {name}, nor is it a file")
