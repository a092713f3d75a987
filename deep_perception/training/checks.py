"""A check before a long training: can this model learn one batch by heart? If not, something is wrong with it."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd
from torchvision.ops import StochasticDepth

from deep_perception.data.examples import Example
from deep_perception.models.model import Model
from deep_perception.predictions import UNLABELLED, Detections, LabelMap
from deep_perception.training.trial import undone
