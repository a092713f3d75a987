"""MNIST: all pictures of a part in one file, all labels in another, as idx or idx.gz."""

import gzip
import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.data.dataset import TAGS, TEST, TRAIN, VALIDATION, Dataset
from deep_perception.data.encoding import encoded
from deep_perception.data.formats.copying import stored_picture
from deep_perception.data.formats.format import Content, Draft, Loss, grouped
from deep_perception.data.formats.sources import inside
from deep_perception.data.record import Record, Tag
from deep_perception.errors import InputError
