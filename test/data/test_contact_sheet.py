import numpy as np
import pytest

from deep_perception.canvas import colour_of
from deep_perception.data.contact_sheet import COLUMNS, MOST, PAGE, contact_sheet
from deep_perception.data.examples import Example
from deep_perception.predictions import Classes, Detections, Image, Instances, LabelMap, Picture, Prediction

LABELS = ("__background__", "mug", "Glühbirne")


def photo(height: int = 60, width: int = 80) -> Image:
    return np.random.default_rng(0).integers(60, 120, (height, width, 3), np.uint8)


def truth(kind: type, height: int, width: int) -> Prediction:
    boxes, labels, scores = np.array([[0, 0, width, height]], np.float32), np.array([1]), np.ones(1, np.float32)
    if kind is Classes:
        return Classes(labels, scores)
    if kind is Detections:
        return Detections(boxes, labels, scores)
    if kind is Instances:
        return Instances(boxes, labels, scores, np.ones((1, height, width), np.bool_))
    if kind is LabelMap:
        return LabelMap(np.full((height, width), 2, np.uint8))
    return Picture(photo(height, width))


KINDS = (Classes, Detections, Instances, LabelMap, Picture)


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3), (28, 28), (600, 800)])
@pytest.mark.parametrize("kind", KINDS)
def test_examples_of_every_kind_and_size_are_shown(kind: type, size: tuple[int, int]) -> None:
    sheet = contact_sheet([Example("one", photo(*size), truth(kind, *size))], LABELS)
    assert sheet.dtype == np.uint8 and (sheet != PAGE).any()


def test_the_grid_grows_with_the_examples_up_to_a_limit() -> None:
    examples = [Example(str(number), photo(), truth(Detections, 60, 80)) for number in range(MOST + 9)]
    widths = [contact_sheet(examples[:count], LABELS).shape[1] for count in (1, 2, COLUMNS, COLUMNS + 1)]
    assert widths[0] < widths[1] < widths[2] == widths[3]
    assert contact_sheet(examples, LABELS).shape == contact_sheet(examples[:MOST], LABELS).shape


def test_boxes_and_masks_are_painted_where_they_lie_in_the_enlarged_picture() -> None:
    masks = np.zeros((1, 60, 80), np.bool_)
    masks[0, 30:60, 40:80] = True
    half = Instances(np.array([[40, 30, 80, 60]], np.float32), np.array([1]), np.ones(1, np.float32), masks)
    sheet = contact_sheet([Example("one", np.zeros((60, 80, 3), np.uint8), half)], LABELS)
    picture = sheet[12:252, 12:332]
    assert not picture[:100, :150].any()
    assert np.abs(picture[180, 240] - np.array(colour_of("mug")) / 2).max() < 3


def test_a_colorizer_is_shown_the_gray_picture_and_the_colours() -> None:
    red = np.zeros((60, 80, 3), np.uint8)
    red[..., 0] = 200
    sheet = contact_sheet([Example("one", red, Picture(red))], LABELS).astype(int)
    colourful = np.ptp(sheet, axis=2) > 100
    assert colourful[:, 180:].sum() > 10_000 and not colourful[:, :160].any()


def test_the_examples_stay_as_they_were() -> None:
    image = photo()
    image.flags.writeable = False
    contact_sheet([Example("one", image, truth(kind, 60, 80)) for kind in KINDS], LABELS)
    assert np.array_equal(image, photo())


def test_without_examples_the_sheet_is_empty() -> None:
    assert (contact_sheet([], LABELS) == PAGE).all()
