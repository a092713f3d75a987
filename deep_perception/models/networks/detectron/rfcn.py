"""R-FCN on any ResNet.

Dai et al., R-FCN: Object Detection via Region-based Fully Convolutional Networks, NIPS 2016; hard examples as in
Shrivastava et al., Training Region-based Object Detectors with Online Hard Example Mining, CVPR 2016. Sizes and
settings follow github.com/daijifeng001/R-FCN (MIT); built from torchvision's parts (BSD-3-Clause).
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import PSRoIPool

from deep_perception.models.networks.detectron.regions import proposal_network, transform
from deep_perception.models.networks.detectron.trunks import Trunk

GRID = 7
"""Parts a side: upper left, upper middle ..."""
REDUCED = 1024
HARDEST = 128
"""Regions of a picture that are learnt from. Proposals overlap little, so these are not thinned again."""


class PositionSensitiveHeads(RoIHeads):
    """Each part of a region asks a map of its own whether it looks like that part of a class; the parts vote.

    Cheap for any number of regions, since all convolutions, conv5 included, run once over the whole picture.
    """

    def __init__(self, layer4: nn.Module, channels: int, num_classes: int, stride: int) -> None:
        super().__init__(
            None,
            None,
            None,
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=HARDEST,
            positive_fraction=1.0,
            bbox_reg_weights=None,
            score_thresh=0.05,
            nms_thresh=0.3,
            detections_per_img=100,
        )
        self.layer4 = layer4
        self.reduce = nn.Conv2d(channels, REDUCED, 1)
        self.cls_score = nn.Conv2d(REDUCED, num_classes * GRID**2, 1)
        self.bbox_pred = nn.Conv2d(REDUCED, 4 * GRID**2, 1)
        self.pool = PSRoIPool(GRID, 1 / stride)
        for layer in (self.reduce, self.cls_score, self.bbox_pred):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, 0.0)  # type: ignore[arg-type]

    def forward(
        self,
        features: Mapping[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Return detections (none in training) and losses (none otherwise)."""
        if self.training:
            regions, _, labels, offsets = self.select_training_samples(proposals, targets)
            return [], self._losses(*self.vote(features["0"], regions), labels, offsets)
        scores, moves = self.vote(features["0"], proposals)
        # One correction serves every class.
        found = self.postprocess_detections(scores, moves.repeat(1, scores.shape[1]), proposals, image_shapes)
        answers = [{"boxes": box, "scores": score, "labels": label} for box, score, label in zip(*found, strict=True)]
        return answers, {}

    def subsample(self, labels: list[Tensor]) -> list[Tensor]:
        """Take all regions; which of them are hard is known after they were judged."""
        return [torch.arange(len(each), device=each.device) for each in labels]

    def vote(self, features: Tensor, regions: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return logits (regions, classes) and box corrections (regions, 4)."""
        features = functional.relu(self.reduce(self.layer4(features)))
        # The pooling of parts knows no number of 16 bits.
        regions = [boxes.float() for boxes in regions]
        scores, moves = (
            self.pool(maps(features).float(), regions).mean((2, 3)) for maps in (self.cls_score, self.bbox_pred)
        )
        return scores, moves

    def _losses(
        self, scores: Tensor, moves: Tensor, labels: list[Tensor], offsets: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        truth = torch.cat(labels)
        of_class = functional.cross_entropy(scores, truth, reduction="none")
        of_box = functional.smooth_l1_loss(moves, torch.cat(list(offsets)), reduction="none").sum(1) * (truth > 0)
        hard = hardest(of_class + of_box, [len(each) for each in labels])
        return {"loss_classifier": of_class[hard].mean(), "loss_box_reg": of_box[hard].mean()}


def hardest(losses: Tensor, counts: list[int], most: int = HARDEST) -> Tensor:
    """Return the places of the largest losses, at most `most` of each picture; `counts` says which are whose."""
    starts = torch.tensor([0, *counts]).cumsum(0).tolist()
    each = losses.detach().split(counts)
    return torch.cat([start + one.topk(min(most, len(one))).indices for start, one in zip(starts, each, strict=False)])


def rfcn(trunk: Trunk, num_classes: int) -> nn.Module:
    """Propose boxes on conv4, judge them on conv5."""
    [stride] = trunk.maps.values()
    head = trunk.box_head
    judge = PositionSensitiveHeads(head.layer4, head.out_features, num_classes, stride)
    return GeneralizedRCNN(trunk.features, proposal_network(trunk), judge, transform(trunk))
