"""ROS image messages <-> numpy, by duck typing: nothing of ROS is imported here.

| call | takes | gives |
|---|---|---|
| `to_rgb` | Image | the picture to look at, (H, W, 3) uint8 RGB |
| `to_array` | Image | its numbers as they are, for depth and masks |
| `decompress` | CompressedImage | the picture to look at |
| `depth` | CompressedImage | the distances it carries |
| `fill` | Image and an array | the message, filled in |

What cannot be read raises `ImageError` of one of these kinds: encoding, empty, size, step, truncated, corrupt.
"""

from deep_perception.pixels.compressed import MAX_PIXELS, decompress, depth
from deep_perception.pixels.encodings import ENCODINGS
from deep_perception.pixels.raw import fill, to_array, to_rgb

__all__ = ["ENCODINGS", "MAX_PIXELS", "decompress", "depth", "fill", "to_array", "to_rgb"]
