"""What wants a picture kept."""

import numpy as np
import pytest

from deep_perception.data.sampling import policies
from deep_perception.data.sampling.findings import Finding, findings
from deep_perception.data.sampling.rarity import Kept
from deep_perception.predictions import Classes, Detections, LabelMap, Picture

NAMES = ("__background__", "cup", "mug")


def thing(name: str, score: float = 0.9, left: float = 0.0) -> Finding:
    return Finding(name, score, np.array([left, 0, left + 10, 10], np.float32))


def test_things_are_found_with_name_score_and_box():
    boxes = np.array([[0, 0, 10, 10], [5, 5, 9, 9]], np.float32)
    found = findings(Detections(boxes, np.array([2, 1]), np.array([0.9, 0.4], np.float32)), NAMES)
    assert [(one.name, round(one.score, 2), one.box.tolist()) for one in found] == [
        ("mug", 0.9, [0, 0, 10, 10]),
        ("cup", 0.4, [5, 5, 9, 9]),
    ]


def test_of_a_classification_only_the_best_class_is_found():
    found = findings(Classes(np.array([2, 1]), np.array([0.7, 0.2], np.float32)), NAMES)
    assert [(one.name, one.box) for one in found] == [("mug", None)]


def test_of_a_label_map_each_class_is_found_that_covers_a_hundredth_with_its_mean_confidence():
    labels = np.full((100, 100), 255, np.uint8)
    labels[:2] = 1
    labels[50, :99] = 2
    confidence = np.full((100, 100), 51, np.uint8)
    found = findings(LabelMap(labels, confidence), NAMES)
    assert [(one.name, one.score) for one in found] == [("cup", pytest.approx(0.2))]


def test_nothing_is_found_in_no_answer_and_in_a_picture():
    assert findings(None, NAMES) == findings(Picture(np.zeros((1, 1, 3), np.uint8)), NAMES) == ()


def test_a_class_without_a_name_is_called_by_its_number():
    assert findings(Classes(np.array([7]), np.ones(1, np.float32)), NAMES)[0].name == "7"


@pytest.mark.parametrize(("elapsed", "wanted"), [(None, True), (9.9, False), (10.0, True), (-5.0, False)])
def test_a_picture_is_wanted_after_so_many_seconds(elapsed, wanted):
    assert bool(policies.after_seconds(elapsed, 10.0)) == wanted
    assert policies.after_seconds(elapsed, 0.0) is None


def test_a_picture_is_wanted_after_so_many_metres_in_any_direction():
    last = (1.0, 2.0, 3.0)
    assert policies.after_metres((1.0, 2.0, 4.5), last, 1.5)
    assert policies.after_metres((1.0, 2.0, 4.4), last, 1.5) is None
    assert policies.after_metres(last, None, 1.5)
    assert policies.after_metres(None, last, 1.5) is None
    assert policies.after_metres((float("nan"), 0.0, 0.0), last, 1.5) is None
    assert policies.after_metres((9.0, 9.0, 9.0), last, 0.0) is None


def test_a_score_in_the_band_is_uncertain_and_the_words_name_it():
    found = (thing("cup", 0.9), thing("mug", 0.43))
    reason = policies.uncertain(found, 0.3, 0.6)
    assert reason is not None and reason.words == "score 0.43 of mug is in 0.3..0.6"


@pytest.mark.parametrize(("score", "wanted"), [(0.29, False), (0.3, True), (0.6, True), (0.61, False)])
def test_both_ends_belong_to_the_band(score, wanted):
    assert bool(policies.uncertain((thing("mug", score),), 0.3, 0.6)) == wanted


def test_without_a_band_and_of_the_background_nothing_is_uncertain():
    assert policies.uncertain((thing("mug", 0.0),), 0.0, 0.0) is None
    assert policies.uncertain((thing("__background__", 0.5),), 0.3, 0.6) is None


def test_a_thing_that_is_gone_for_one_picture_flickers():
    mug, cup = thing("mug"), thing("cup", left=50)
    assert policies.flickered((mug, cup), (cup,), (mug, cup)).words == "mug (score 0.90) was gone for one picture"


def test_a_thing_that_moves_a_little_comes_or_leaves_does_not_flicker():
    mug = thing("mug")
    assert policies.flickered((mug,), (thing("mug", left=2),), (thing("mug", left=3),)) is None
    assert policies.flickered((), (mug,), (mug,)) is None
    assert policies.flickered((mug,), (mug,), ()) is None
    assert policies.flickered((mug,), (), (thing("mug", left=50),)) is None


def test_a_thing_that_is_called_something_else_for_one_picture_flickers():
    assert policies.flickered((thing("mug"),), (thing("cup"),), (thing("mug"),))


def test_what_only_one_of_two_models_finds_is_a_disagreement_whichever_it_is():
    mug, cup = thing("mug", 0.8), thing("cup", left=50)
    first = policies.disagreeing((mug, cup), (cup,), NAMES, NAMES, 0.5)
    assert first is not None and first.words == "only the model finds mug (score 0.80)"
    second = policies.disagreeing((cup,), (mug, cup), NAMES, NAMES, 0.5)
    assert second is not None and second.words == "only the second model finds mug (score 0.80)"


def test_models_that_call_a_thing_differently_or_see_it_elsewhere_disagree():
    assert policies.disagreeing((thing("mug"),), (thing("cup"),), NAMES, NAMES, 0.5)
    assert policies.disagreeing((thing("mug"),), (thing("mug", left=50),), NAMES, NAMES, 0.5)


def test_two_classifiers_with_different_best_classes_disagree():
    assert policies.disagreeing((Finding("mug", 0.9),), (Finding("cup", 0.9),), NAMES, NAMES, 0.5)


def test_models_agree_about_what_the_other_does_not_know_or_neither_is_sure_of():
    mug = thing("mug", 0.8)
    assert policies.disagreeing((mug,), (), NAMES, ("__background__", "cup"), 0.5) is None
    assert policies.disagreeing((mug,), (), NAMES, NAMES, 0.9) is None
    assert policies.disagreeing((mug,), (thing("mug", 0.1),), NAMES, NAMES, 0.5) is None
    assert policies.disagreeing((mug,), (), NAMES, NAMES, 0.0) is None


def kept(**counts: int) -> Kept:
    one = Kept()
    for number in range(max(counts.values())):
        one.add([name for name, count in counts.items() if number < count])
    return one


def test_a_class_in_few_of_the_kept_pictures_is_rare():
    before = kept(cup=20, mug=1)
    assert policies.rare(before.rarest(["cup", "mug"]), before, 0.1).words == "mug is in 1 of 20 kept"
    assert policies.rare(before.rarest(["cup"]), before, 0.1) is None
    assert policies.rare(before.rarest(["__background__"]), before, 0.1) is None
    assert policies.rare("mug", before, 0.0) is None


def test_a_class_never_kept_is_the_rarest_and_the_most_common_is_not_rare_at_all():
    before = kept(cup=20, mug=5)
    assert (before.rarity("plate"), before.rarity("mug"), before.rarity("cup")) == (1.0, 0.75, 0.0)
    assert Kept().rarity("cup") == 0.0


def test_a_class_counts_once_a_picture_and_the_background_never():
    one = Kept()
    one.add(["cup", "cup", "__background__"])
    assert (one.pictures, dict(one.shown)) == (1, {"cup": 1})
