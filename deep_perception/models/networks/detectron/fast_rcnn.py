"""Fast R-CNN, which takes its proposals from outside.

Girshick, Fast R-CNN, ICCV 2015. From torchvision's parts (BSD-3-Clause).
"""

import torch
from torch import Tensor, nn
from torchvision.models.detection.transform import resize_boxes

from deep_perception.models.networks.detectron.regions import maps_of, region_judge, transform
from deep_perception.models.networks.detectron.trunks import Trunk


class FastRCNN(nn.Module):
    """Judges the boxes that it is given; without any it judges the whole picture as one."""

    def __init__(self, trunk: Trunk, num_classes: int) -> None:
        super().__init__()
        self.transform = transform(trunk)
        self.backbone = trunk.features
        self.roi_heads = region_judge(trunk, num_classes)

    def forward(
        self,
        pictures: list[Tensor],
        targets: list[dict[str, Tensor]] | None = None,
        proposals: list[Tensor] | None = None,
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, else what is in the proposals (n, 4), in pixels of these pictures."""
        sizes = [(picture.shape[-2], picture.shape[-1]) for picture in pictures]
        given = [whole(picture) for picture in pictures] if proposals is None else proposals
        if self.training:
            # A picture without objects and without proposals would leave nothing to learn from.
            given = [boxes if len(boxes) else whole(picture) for boxes, picture in zip(given, pictures, strict=True)]
        images, targets = self.transform(pictures, targets)
        regions = [resize_boxes(*each) for each in zip(given, sizes, images.image_sizes, strict=True)]
        maps = maps_of(self.backbone, images.tensors)
        found, losses = self.roi_heads(maps, regions, images.image_sizes, targets)
        if self.training:
            return dict(losses)
        answers: list[dict[str, Tensor]] = self.transform.postprocess(found, images.image_sizes, sizes)
        return answers


def whole(picture: Tensor) -> Tensor:
    """Return the box (1, 4) of a whole picture."""
    height, width = picture.shape[-2:]
    return torch.tensor([[0.0, 0.0, width, height]], device=picture.device)


def fast_rcnn(trunk: Trunk, num_classes: int) -> nn.Module:
    """Judge given boxes."""
    return FastRCNN(trunk, num_classes)
