"""A detector that takes its proposals from outside, and one that makes them."""

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from deep_perception.config import Selection
from deep_perception.models.networks import detectron
from deep_perception.models.networks.detectron import selective_search
from deep_perception.models.origin import Origin
from deep_perception.models.proposal_detector import SEARCHED, ProposalDetector
from deep_perception.models.proposer import PROPOSAL_LABELS, Proposer
from deep_perception.predictions import Detections
from deep_perception.scenes import Scene, render

LABELS = ("__background__", "a", "b")
EVERYTHING = Selection(score_threshold=0.0, iou_threshold=1.0, max_detections=10_000)


def given(*boxes: list[float]) -> Detections:
    count = len(boxes)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.ones(count, np.int64), np.ones(count, np.float32))


@pytest.fixture(scope="module")
def model() -> ProposalDetector:
    """A Fast R-CNN that leaves the boxes where they were proposed."""
    torch.manual_seed(0)
    name = "fastrcnn_shufflenet_v2_x1_0_fpn"
    network = detectron.build(Origin(name, LABELS))
    for weight in network.roi_heads.box_predictor.bbox_pred.parameters():
        torch.nn.init.zeros_(weight)
    network.roi_heads.box_predictor.cls_score.weight.data.mul_(30)
    made = ProposalDetector(network, name=name, labels=LABELS)
    made.selection = EVERYTHING
    return made


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return render(Scene(1), 1.0, (150, 200)).image


def test_it_answers_from_the_proposals_alone_in_pixels_of_the_picture(model, image):
    boxes = [[10, 20, 60, 90], [100.5, 30, 180, 120.25], [0, 0, 200, 150]]
    [answer] = model([image], [given(*boxes)])
    assert set(answer.labels) == {1, 2}
    for label in (1, 2):
        mine = answer.boxes[answer.labels == label]
        np.testing.assert_allclose(sorted(mine.tolist()), sorted(boxes), atol=0.01)


def test_proposals_are_cut_to_the_picture_and_those_outside_or_without_area_are_left_out(model, image):
    boxes = [[-50, 40, 30, 80], [190, 100, 900, 900], [300, 10, 320, 20], [-9, -9, -1, -1], [50, 50, 50, 70]]
    [answer] = model([image], [given(*boxes)])
    np.testing.assert_allclose(sorted(answer.boxes.tolist())[::2], [[0, 40, 30, 80], [190, 100, 200, 150]], atol=0.01)


@pytest.mark.parametrize("boxes", [[], [[500, 500, 600, 600]], [[10, 10, 10, 10]]])
def test_without_a_proposal_in_the_picture_nothing_is_found(model, image, boxes):
    [answer, other] = model([image, image], [given(*boxes), given([0, 0, 50, 50])])
    assert len(answer) == 0
    assert len(other) == 2


def test_pictures_with_proposals_of_their_own_answer_together_as_alone(model, image):
    small = np.ascontiguousarray(image[:100, :120])
    guides = [given([5, 5, 80, 90], [20, 20, 60, 60]), given([30, 10, 70, 70]), given([50, 50, 150, 140])]
    pictures = [image, small, image]
    for answer, picture, guide in zip(model(pictures, guides), pictures, guides, strict=True):
        [alone] = model([picture], [guide])
        np.testing.assert_allclose(answer.boxes, alone.boxes, atol=0.01)
        np.testing.assert_allclose(answer.scores, alone.scores, atol=1e-4)


def test_without_a_guide_the_proposals_are_those_of_selective_search(model, image):
    [answer] = model([image])
    [same] = model([image], [selective_search.proposals(image, SEARCHED)])
    assert len(answer) > 20
    np.testing.assert_array_equal(answer.boxes, same.boxes)
    np.testing.assert_array_equal(answer.scores, same.scores)


@pytest.mark.parametrize("guide", [None, given(), given([10, 10, 60, 60])])
@pytest.mark.parametrize("truth", [given(), given([12, 8, 66, 58])])
def test_losses_are_finite_whatever_is_proposed_and_there(model, image, guide, truth):
    losses = model.losses([image], [truth], [guide])
    assert set(losses) == {"loss_classifier", "loss_box_reg"}
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_a_proposer_gives_objects_best_first_without_much_overlap(image):
    torch.manual_seed(0)
    name = "rpn_shufflenet_v2_x1_0_fpn"
    model = Proposer(detectron.build(Origin(name, PROPOSAL_LABELS)), name=name, labels=PROPOSAL_LABELS)
    model.network.rpn.head.cls_logits.weight.data.mul_(30)
    model.selection = Selection(score_threshold=0.0, iou_threshold=0.4, max_detections=30)
    [answer] = model([image])
    assert 5 < len(answer) <= 30
    assert (answer.labels == 1).all()
    assert (np.diff(answer.scores) <= 0).all()
    pairs = torch.from_numpy(answer.boxes)
    assert box_iou(pairs, pairs).fill_diagonal_(0).max() <= 0.41
    model.selection = Selection(score_threshold=float(answer.scores[3]) - 1e-6, iou_threshold=0.4)
    assert len(model([image])[0]) == 4
