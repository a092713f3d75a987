"""What a person says of a picture goes before what a model says."""

from deep_perception.data.record import HUMAN, MODEL, Tag, Thing
from deep_perception.data.teaching import corrected, named

CUP = Thing("cup", (0, 0, 10, 10), 0.9, MODEL)
FORK = Thing("fork", (50, 50, 60, 60), 0.8, MODEL)
MUG = Thing("mug", (1, 0, 11, 10), 1.0, HUMAN)


def test_a_box_of_a_person_takes_the_place_of_those_of_the_model_that_it_mostly_covers():
    assert corrected((CUP, FORK), (MUG,), complete=False) == (MUG, FORK)


def test_a_box_that_covers_another_by_half_or_less_leaves_it():
    half = Thing("mug", (0, 0, 10, 5), 1.0, HUMAN)
    assert corrected((CUP,), (half,), complete=False) == (half, CUP)


def test_a_complete_list_leaves_nothing_of_the_model():
    assert corrected((CUP, FORK), (MUG,), complete=True) == (MUG,)
    assert corrected((CUP, FORK), (), complete=True) == ()


def test_what_a_person_says_now_takes_the_place_of_what_he_said_before():
    before = corrected((FORK,), (MUG,), complete=False)
    assert corrected(before, (), complete=False) == (FORK,)


def test_a_person_may_look_first_and_find_nothing():
    assert corrected(None, (), complete=False) == ()


def test_a_label_of_a_person_is_all_that_a_picture_shows():
    guesses = (Tag("kitchen", 0.6, MODEL), Tag("office", 0.3, MODEL))
    assert named(guesses, "garage") == (Tag("garage", 1.0, HUMAN),)
    assert named(guesses, "") == guesses
    assert named(None, "") is None
