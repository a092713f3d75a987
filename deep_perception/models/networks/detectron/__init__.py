"""The Detectron matrix: heads of detectors on backbones, composed by name.

Ren et al. 2015, Girshick 2015, Dai et al. 2016, He et al. 2017, Lin et al. 2017 (FPN and RetinaNet); built from
torchvision's parts (BSD-3-Clause) with the settings of github.com/facebookresearch/Detectron (Apache-2.0).
"""

from torch import nn

from deep_perception.models.networks.detectron import parts
from deep_perception.models.networks.detectron.names import NAMES_OF, explain, parse
from deep_perception.models.networks.detectron.pretrained import classifier_of, load_backbone
from deep_perception.models.origin import Origin

__all__ = ["NAMES_OF", "build", "classifier_of", "explain", "load_backbone", "parse"]


def build(origin: Origin) -> nn.Module:
    """Build the network of that name with random weights; raise ModelError if there is none."""
    return parts.build(*parse(origin.name), len(origin.labels))
