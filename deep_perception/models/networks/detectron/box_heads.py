"""Box heads: from regions of `side` x `side` cells to vectors of `out_features`. torchvision's parts (BSD-3-Clause)."""

from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import TwoMLPHead


class Conv5(nn.Module):
    """The last stage of a ResNet, on regions."""

    side = 14

    def __init__(self, layer4: nn.Module, out_features: int) -> None:
        super().__init__()
        self.layer4 = layer4
        self.out_features = out_features

    def forward(self, regions: Tensor) -> Tensor:
        """Return the mean over each region."""
        means: Tensor = self.layer4(regions).mean((2, 3))
        return means


class FullyConnected(nn.Module):
    """fc6 and fc7 of VGG, on regions."""

    side = 7

    def __init__(self, classifier: nn.Sequential, out_features: int) -> None:
        super().__init__()
        self.classifier = classifier
        self.out_features = out_features

    def forward(self, regions: Tensor) -> Tensor:
        """Return a vector for each region."""
        vectors: Tensor = self.classifier(regions.flatten(1))
        return vectors


class TwoLayers(TwoMLPHead):
    """The box head of FPN."""

    side = 7

    def __init__(self, width: int, out_features: int) -> None:
        super().__init__(width * self.side**2, out_features)
        self.out_features = out_features
