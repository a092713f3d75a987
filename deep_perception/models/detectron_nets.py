"""The Detectron matrix by name: its networks, and the classifiers that their training can start from."""

from dataclasses import replace

from torch import nn

from deep_perception.models import checkpoint as checkpoints
from deep_perception.models import shipped
from deep_perception.models import torchvision_nets as tv
from deep_perception.models.networks import detectron
from deep_perception.models.origin import Origin
from deep_perception.models.store import NamedWeights


def build(origin: Origin) -> nn.Module:
    """Build a network with random weights, in the form that it had when its weights were written."""
    network = detectron.build(origin)
    return network if origin.backbone_only else tv.fit_to_origin(network, origin)


def load(network: nn.Module, origin: Origin) -> None:
    """Put weights into a network: its own, which must fit, or a classifier's, which fill the backbone."""
    assert origin.checkpoint is not None
    if origin.backbone_only:
        detectron.load_backbone(network, origin.checkpoint.state)
    else:
        checkpoints.load_whole(network, origin.checkpoint, origin.labels)


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return what comes with the package, then what torchvision publishes for the backbone."""
    classifier = detectron.classifier_of(name)
    published = tv.named_weights(classifier) if classifier else ()
    return shipped.named_weights(name) + tuple(replace(one, model=name, backbone_only=True) for one in published)
