"""Models are judged by people, not by what a model said."""

from deep_perception.data.judging import as_judged
from deep_perception.data.record import HUMAN, MODEL, Record, Tag, Thing

BOX = (1.0, 2.0, 30.0, 40.0)


def record(**said) -> Record:
    return Record("a", "images/a.png", 64, 48, **said)


def test_things_that_only_a_model_saw_count_neither_way():
    both = record(things=(Thing("mug", BOX), Thing("can", BOX, 0.9, MODEL)), things_source=MODEL)
    (judged,) = as_judged([both], "detection")
    assert [(one.name, one.ignored) for one in judged.things] == [("mug", False), ("can", True)]


def test_a_picture_that_no_person_looked_at_judges_nobody():
    by_model = record(things=(Thing("can", BOX, 0.9, MODEL),), things_source=MODEL)
    assert as_judged([by_model, record(things=(), things_source=MODEL), record()], "detection") == ()
    assert as_judged([record(tags=(Tag("mug", 0.8, MODEL),)), record(tags=())], "classification") == ()
    assert as_judged([record(pixels="masks/a.png", pixels_source=MODEL), record()], "semantic_segmentation") == ()


def test_a_person_who_found_nothing_is_a_judge():
    looked = record(things=(), things_source=HUMAN)
    assert as_judged([looked], "detection") == (looked,)


def test_of_tags_those_of_people_count():
    (judged,) = as_judged([record(tags=(Tag("mug"), Tag("can", 0.9, MODEL)))], "classification")
    assert judged.tags == (Tag("mug"),)


def test_pictures_themselves_need_no_judge():
    assert as_judged([record()], "super_resolution") == (record(),)
