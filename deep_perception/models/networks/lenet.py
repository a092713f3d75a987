"""LeNet-5 (LeCun et al. 1998, "Gradient-based learning applied to document recognition").

The variant taught in the DeepRob course: padded convolutions, ReLU and max pooling, for pictures of 1x28x28.
"""

from collections import OrderedDict

from torch import nn


def build(num_classes: int = 10) -> nn.Module:
    """Build the network with random weights."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(1, 20, kernel_size=5, padding=2),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(20, 50, kernel_size=5, padding=2),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        linear1=nn.Linear(50 * 7 * 7, 500),
        relu3=nn.ReLU(),
        linear2=nn.Linear(500, num_classes),
    )
    return nn.Sequential(layers)
