"""R-FCN: the vote of the parts, the hard examples, the holes of conv5."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models.resnet import Bottleneck, ResNet

from deep_perception.models.networks.detectron.rfcn import GRID, HARDEST, PositionSensitiveHeads, hardest
from deep_perception.models.networks.detectron.trunks import dilate

STRIDE = 16


@pytest.fixture
def judge() -> PositionSensitiveHeads:
    """Two classes on features of one channel; what is seen reaches the votes as it is."""
    torch.manual_seed(0)
    heads = PositionSensitiveHeads(nn.Identity(), channels=1, num_classes=2, stride=STRIDE)
    for layer in (heads.reduce, heads.cls_score, heads.bbox_pred):
        nn.init.zeros_(layer.weight)
    nn.init.ones_(heads.reduce.weight[:1])
    return heads


def weights_of(judge: PositionSensitiveHeads, label: int) -> torch.Tensor:
    """Return what the parts (7, 7) of a class say of the only feature."""
    return judge.cls_score.weight.data.view(2, GRID, GRID, -1)[label, :, :, 0]


def test_the_score_of_a_class_is_the_mean_over_its_own_parts(judge):
    said = torch.arange(2.0 * GRID**2).sqrt()
    judge.cls_score.bias.data.copy_(said)
    scores, _ = judge.vote(torch.zeros(1, 1, 20, 20), [torch.tensor([[16.0, 32.0, 240.0, 256.0]])])
    torch.testing.assert_close(scores, said.view(2, -1).mean(1)[None])


def test_a_region_scores_best_where_each_part_lies_on_what_it_looks_for(judge):
    weights_of(judge, 1)[:, :3] = 1
    weights_of(judge, 1)[:, 4:] = -1
    features = torch.zeros(1, 1, 14, 28)
    features[..., :14] = 1
    cells = torch.tensor([[7, 0, 21, 14], [0, 0, 14, 14], [14, 0, 28, 14], [9, 0, 23, 14]])
    scores, _ = judge.vote(features, [cells * float(STRIDE)])
    assert scores[:3, 1].tolist() == pytest.approx([21 / 49, 0, 0])
    assert scores[0, 1] > scores[3, 1] > scores[1, 1]
    assert (scores[:, 0] == 0).all()


def test_the_hardest_examples_are_those_of_the_largest_loss_in_each_picture():
    losses = torch.tensor([0.1, 5.0, 3.0, 9.0, 0.2, 0.3])
    assert sorted(hardest(losses, [4, 2], most=2).tolist()) == [1, 3, 4, 5]
    assert sorted(hardest(losses, [4, 2], most=1).tolist()) == [3, 5]
    assert hardest(losses, [0, 6], most=1).tolist() == [3]


def test_what_is_learnt_from_are_the_hardest_of_all_regions(judge):
    nn.init.normal_(judge.cls_score.weight)
    nn.init.normal_(judge.bbox_pred.weight, std=0.1)
    features = torch.rand(1, 1, 20, 20)
    corners = torch.rand(300, 2) * 200
    regions = torch.cat([corners, corners + 32 + torch.rand(300, 2) * 80], 1)
    truth = {"boxes": torch.tensor([[40.0, 40.0, 120.0, 130.0]]), "labels": torch.tensor([1])}
    judge.train()
    _, losses = judge({"0": features}, [regions], [(320, 320)], [truth])

    chosen, _, [labels], [offsets] = judge.select_training_samples([regions], [truth])
    assert len(labels) == 301, "all regions and the true box are judged"
    scores, moves = judge.vote(features, chosen)
    of_class = functional.cross_entropy(scores, labels, reduction="none")
    of_box = functional.smooth_l1_loss(moves, offsets, reduction="none").sum(1) * (labels > 0)
    order = (of_class + of_box).argsort(descending=True)
    assert 0 < (labels > 0).sum() < HARDEST
    torch.testing.assert_close(losses["loss_classifier"], of_class[order[:HARDEST]].mean())
    torch.testing.assert_close(losses["loss_box_reg"], of_box[order[:HARDEST]].mean())
    assert losses["loss_classifier"] > of_class.mean()


def test_between_the_outputs_that_conv5_had_before_it_lost_its_stride_are_new_ones():
    torch.manual_seed(0)
    stage = ResNet(Bottleneck, [1, 1, 1, 3], width_per_group=8, num_classes=1).layer4.eval()
    features = torch.rand(1, 1024, 12, 10)
    with torch.inference_mode():
        before = stage(features)
        dilate(stage)
        after = stage(features)
    assert after.shape == (1, 2048, 12, 10)
    torch.testing.assert_close(after[..., ::2, ::2], before)
