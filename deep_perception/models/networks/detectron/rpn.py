"""A region proposal network by itself.

Ren et al., Faster R-CNN, NIPS 2015. From torchvision's parts (BSD-3-Clause).
"""

import torch
from torch import Tensor, nn
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import nms

from deep_perception.models.networks.detectron.regions import maps_of, proposal_network, transform
from deep_perception.models.networks.detectron.trunks import Trunk

OBJECT = 1


class ScoredProposals(RegionProposalNetwork):
    """Gives proposals as rows x1 y1 x2 y2 score, and none while it learns, when nobody looks at them."""

    def filter_proposals(
        self, proposals: Tensor, objectness: Tensor, image_shapes: list[tuple[int, int]], num_anchors: list[int]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Keep the best that do not overlap much."""
        if self.training:
            return [], []
        boxes, scores = super().filter_proposals(proposals, objectness, image_shapes, num_anchors)
        rows = [torch.column_stack(pair) for pair in zip(boxes, scores, strict=True)]
        return rows, scores


class ProposalNetwork(nn.Module):
    """A detector of objects of any class; the score is the sigmoid of the objectness."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.transform = transform(trunk)
        self.backbone = trunk.features
        self.rpn = proposal_network(trunk, ScoredProposals)
        self.score_thresh = 0.0
        self.nms_thresh = self.rpn.nms_thresh
        self.detections_per_img = self.rpn.post_nms_top_n()

    def forward(
        self, pictures: list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, else boxes, best first."""
        sizes = [(picture.shape[-2], picture.shape[-1]) for picture in pictures]
        images, targets = self.transform(pictures, targets)
        self.rpn.score_thresh, self.rpn.nms_thresh = self.score_thresh, self.nms_thresh
        proposals, losses = self.rpn(images, maps_of(self.backbone, images.tensors), targets)
        if self.training:
            return dict(losses)
        found = [self._best(rows) for rows in proposals]
        answers: list[dict[str, Tensor]] = self.transform.postprocess(found, images.image_sizes, sizes)
        return answers

    def _best(self, rows: Tensor) -> dict[str, Tensor]:
        boxes, scores = rows[:, :4], rows[:, 4]
        # Each map was cleared of its own overlaps only.
        keep = nms(boxes, scores, self.nms_thresh)[: self.detections_per_img]
        return {"boxes": boxes[keep], "scores": scores[keep], "labels": torch.full_like(keep, OBJECT)}


def rpn(trunk: Trunk, num_classes: int) -> nn.Module:
    """Propose boxes for objects of any class, however many classes there are."""
    return ProposalNetwork(trunk)
