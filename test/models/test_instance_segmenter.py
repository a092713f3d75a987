"""Instance segmenters paste their masks as torchvision does, sooner, and number them as messages do."""

import numpy as np
import pytest
import torch
from torchvision import models as zoo
from torchvision.models.detection.roi_heads import paste_masks_in_image

from deep_perception.config import Selection
from deep_perception.models import create, save
from deep_perception.models.instance_segmenter import pasted
from deep_perception.predictions import Detections, Instances


def some_masks(count: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    corners = rng.random((count, 2)) * [width, height]
    boxes = np.concatenate([corners, corners + rng.random((count, 2)) * [width, height] / 2], axis=1)
    return rng.random((count, 28, 28)).astype(np.float32), boxes.clip(0, [width, height] * 2).astype(np.float32)


def test_masks_are_pasted_as_torchvision_pastes_them():
    masks, boxes = some_masks(40, 120, 160)
    theirs = paste_masks_in_image(torch.from_numpy(masks)[:, None], torch.from_numpy(boxes), (120, 160))[:, 0] > 0.5
    ours = pasted(masks, boxes, (120, 160))
    assert ours.any(axis=(1, 2)).sum() > 30
    assert np.mean(ours != theirs.numpy()) < 1e-5, "but for rounding at the threshold"


def test_boxes_at_the_border_and_without_area_are_pasted_inside_the_picture():
    boxes = np.array([[0, 0, 10, 10], [150, 110, 160, 120], [5, 5, 5, 5], [160, 120, 160, 120]], np.float32)
    masks = pasted(np.ones((4, 28, 28), np.float32), boxes, (120, 160))
    assert masks[0, :10, :10].all()
    assert masks[1, 110:, 150:].all()
    assert masks[2].sum() <= 4


def test_the_answer_equals_torchvisions_own_call():
    torch.manual_seed(0)
    labels = ["__background__", "a", "b", "c"]
    model = create("maskrcnn_resnet50_fpn", "none", labels=labels, device="cpu")
    own = zoo.detection.maskrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=4, min_size=128, max_size=160, box_score_thresh=0.2
    ).eval()
    own.load_state_dict(model.network.state_dict())
    model.network.transform.min_size, model.network.transform.max_size = (128,), 160
    model.selection = Selection(score_threshold=0.2, max_detections=100)
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    with torch.inference_mode():
        [theirs] = own([torch.from_numpy(image).permute(2, 0, 1) / 255])
    [ours] = model([image])
    assert len(ours) == len(theirs["boxes"]) > 0
    np.testing.assert_allclose(ours.boxes, theirs["boxes"], atol=0.05)
    np.testing.assert_allclose(ours.scores, theirs["scores"], atol=1e-4)
    assert np.mean(ours.masks != (theirs["masks"][:, 0] > 0.5).numpy()) < 0.01


def test_masks_go_with_their_boxes_when_classes_are_chosen():
    torch.manual_seed(0)
    model = create("maskrcnn_shufflenet_v2_x1_0_fpn", "none", labels=["__background__", "a", "b", "c"], device="cpu")
    model.selection = Selection(score_threshold=0.0, max_detections=50)
    image = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    [everything] = model([image])
    model.selection = Selection(score_threshold=0.0, max_detections=50, classes=("b",))
    [chosen] = model([image])
    assert set(chosen.labels) <= {2}
    best = everything.labels == 2
    count = min(5, best.sum())
    assert np.array_equal(chosen.masks[:count], everything.masks[best][:count])


def test_where_masks_overlap_the_one_that_scores_best_has_the_pixel():
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :2], masks[1, :, :2], masks[2, 3] = True, True, True
    boxes, labels = np.zeros((3, 4), np.float32), np.zeros(3, np.int64)
    numbers = Instances(boxes, labels, np.array([0.5, 0.9, 0.2], np.float32), masks).numbered()
    assert numbers.dtype == np.uint16
    assert numbers.tolist() == [[2, 2, 1, 1], [2, 2, 1, 1], [2, 2, 0, 0], [2, 2, 3, 3]]


def test_a_target_without_masks_is_refused():
    model = create("maskrcnn_shufflenet_v2_x1_0_fpn", "none", device="cpu")
    target = Detections(np.array([[1, 1, 9, 9]], np.float32), np.ones(1, np.int64), np.ones(1, np.float32))
    with pytest.raises(TypeError, match="got Detections, expected Instances"):
        model.losses([np.zeros((20, 20, 3), np.uint8)], [target])


@pytest.mark.parametrize("name", ["maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2"])
def test_a_state_dict_of_the_official_shape_is_read(name, tmp_path):
    official = zoo.get_model(name, weights=None, weights_backbone=None, num_classes=91)
    torch.save(official.state_dict(), tmp_path / "official.pth")
    model = create(name, tmp_path / "official.pth", device="cpu")
    assert model.labels[1] == "person"
    weight = "roi_heads.mask_predictor.mask_fcn_logits.weight"
    assert torch.equal(model.network.state_dict()[weight], official.state_dict()[weight])


def test_a_saved_instance_segmenter_is_one_again(tmp_path):
    save(create("maskrcnn_shufflenet_v2_x1_0_fpn", "none", device="cpu"), tmp_path / "own.safetensors")
    assert create(weights=tmp_path / "own.safetensors", device="cpu").task == "instance_segmentation"
