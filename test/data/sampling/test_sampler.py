"""Look by look: what is kept of a stream, and why."""

from dataclasses import replace

import numpy as np
import pytest

from deep_perception.data.sampling import Collection, Look, Room, Sampler, SamplingConfig
from deep_perception.data.sampling.novelty import Nearest
from deep_perception.data.sampling.tiny_embedding import tiny_embedding
from deep_perception.errors import ConfigError
from deep_perception.predictions import Detections

SECOND = 1_000_000_000
PLENTY = Room(stored=0, free=10**15)
NAMES = ("__background__", "cup", "mug")

QUIET = SamplingConfig(
    every_s=0.0,
    uncertain_high=0.0,
    uncertain_low=0.0,
    flicker=False,
    disagreement=0.0,
    novelty="none",
    least_change=0.0,
    most_blur=0.0,
    most_clipped=1.0,
    least_gap_s=0.0,
    per_minute=1000,
    per_hour=10_000,
    reserve=0.0,
    before_rate_hz=1000.0,
)
"""Wants nothing and refuses nothing; each test turns on what it is about."""


def answer(*labels: int, score: float = 0.9) -> Detections:
    boxes = np.array([[10 * label, 0, 10 * label + 9, 9] for label in labels], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array(labels, np.int64), np.full(len(labels), score, np.float32))


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(30, 220, (12, 16, 3)).astype(np.uint8)


def look(second: float, prediction: Detections | None = None, seed: int = 0, **more) -> Look:
    return Look(round(second * SECOND), picture(seed), prediction, NAMES, **more)


def sampler(config: SamplingConfig, **more) -> Sampler:
    return Sampler(Collection(config, **more))


def kept(one: Sampler, *looks: Look) -> list[tuple[float, tuple[str, ...]]]:
    """Second and kinds of reasons of what is kept of these."""
    verdicts = [verdict for item in looks for verdict in one.consider(item, item.stamp_ns, PLENTY)]
    return [(v.look.stamp_ns / SECOND, tuple(r.kind for r in v.reasons)) for v in verdicts if v.keep]


def test_without_a_wish_nothing_is_kept():
    one = sampler(QUIET)
    assert kept(one, *map(look, range(100))) == []


def test_a_picture_is_kept_every_so_many_seconds():
    one = sampler(replace(QUIET, every_s=10.0))
    assert [time for time, _ in kept(one, *map(look, range(31)))] == [0, 10, 20, 30]


def test_a_picture_is_kept_every_so_many_metres():
    one = sampler(replace(QUIET, every_m=1.0))
    looks = [look(time, position=(0.3 * time, 0.0, 0.0)) for time in range(9)]
    assert [time for time, _ in kept(one, *looks)] == [0, 4, 8]


def test_reasons_add_up_and_are_said_in_words():
    one = sampler(replace(QUIET, every_s=10.0, uncertain_low=0.3, uncertain_high=0.6))
    (verdict,) = one.consider(look(0, answer(2, score=0.43)), 0, PLENTY)
    assert verdict.words == ("the first picture", "score 0.43 of mug is in 0.3..0.6")


def test_a_flicker_keeps_the_picture_in_which_the_thing_is_missing():
    one = sampler(replace(QUIET, flicker=True))
    looks = [look(0.0, answer(1, 2)), look(0.1, answer(1)), look(0.2, answer(1, 2)), look(0.3, answer(1, 2))]
    assert kept(one, *looks) == [(0.1, ("flicker",))]


def test_pictures_without_an_answer_do_not_count_as_flicker():
    one = sampler(replace(QUIET, flicker=True))
    assert kept(one, look(0.0, answer(2)), look(0.1), look(0.2, answer(2)), look(0.3)) == []


def test_over_a_long_gap_nothing_flickers():
    one = sampler(replace(QUIET, flicker=True))
    assert kept(one, look(0, answer(2)), look(2, answer()), look(4, answer(2))) == []


def test_a_second_model_that_disagrees_keeps_the_picture():
    one = sampler(replace(QUIET, disagreement=0.5))
    agreed = look(0, answer(2), other=answer(2), other_names=NAMES)
    disputed = look(1, answer(2), other=answer(1), other_names=NAMES)
    assert kept(one, agreed, disputed) == [(1, ("disagreement",))]


def test_new_pictures_are_kept_and_known_from_then_on():
    one = sampler(replace(QUIET, novelty_every_s=0.0), novelty=Nearest(tiny_embedding, 0.3, 10))
    plain = [Look(second * SECOND, np.full((12, 16, 3), grey, np.uint8)) for second, grey in enumerate((90, 90))]
    red = Look(2 * SECOND, np.full((12, 16, 3), (250, 10, 10), np.uint8))
    assert kept(one, *plain, red, replace(red, stamp_ns=3 * SECOND)) == [(0, ("new",)), (2, ("new",))]


def test_novelty_is_examined_no_more_often_than_asked():
    examined = []
    novelty = Nearest(lambda image: examined.append(1) or np.zeros(2, np.float32), 1.0, 10)
    kept(sampler(replace(QUIET, novelty_every_s=0.5), novelty=novelty), *[look(tick / 10) for tick in range(21)])
    assert len(examined) == 5


def test_a_rare_class_is_kept_until_it_is_no_longer():
    collection = Collection(replace(QUIET, rare_share=0.2))
    for _ in range(10):
        collection.count(["cup"])
    times = [time for time, _ in kept(Sampler(collection), *[look(time, answer(1, 2)) for time in range(10)])]
    assert times == [0, 1, 2]
    assert collection.kept.shown["mug"] == 3


def test_near_duplicates_are_refused_with_the_reason():
    one = sampler(replace(QUIET, every_s=1.0, least_change=20.0))
    first, second = (one.consider(look(time), time * SECOND, PLENTY)[0] for time in (0, 1))
    assert first.keep and not second.keep
    assert second.refusal.kind == "duplicate"


def test_what_is_in_the_data_set_already_makes_duplicates():
    collection = Collection(replace(QUIET, every_s=1.0, least_change=20.0))
    collection.remember(picture())
    assert kept(Sampler(collection), look(0)) == []
    assert kept(Sampler(collection), look(0, seed=1)) == [(0, ("time",))]


def test_a_burst_is_spread_out():
    one = sampler(replace(QUIET, uncertain_low=0.3, uncertain_high=0.6, least_gap_s=0.5))
    looks = [look(tick / 10, answer(2, score=0.5), seed=tick) for tick in range(15)]
    assert [time for time, _ in kept(one, *looks)] == pytest.approx([0, 0.5, 1.0])


def test_a_refused_picture_is_made_up_for_by_the_next_good_one():
    one = sampler(replace(QUIET, every_s=10.0, most_clipped=0.5))
    black = [replace(look(time), image=np.zeros((12, 16, 3), np.uint8)) for time in range(3)]
    assert kept(one, *black, look(3)) == [(3, ("time",))]


def test_kept_and_refused_are_counted_by_reason():
    collection = Collection(replace(QUIET, every_s=1.0, least_change=20.0, per_minute=2))
    kept(Sampler(collection), look(0), look(0.5), look(1), look(2, seed=1), look(3, seed=2))
    assert collection.tally.seen == 5
    assert collection.tally.kept == {"time": 2}
    assert collection.tally.refused == {"duplicate": 1, "per minute": 1}


def test_when_a_budget_nears_its_end_rare_classes_come_first():
    config = replace(QUIET, uncertain_low=0.0, uncertain_high=1.0, per_minute=10, reserve=0.5)
    collection = Collection(config)
    for _ in range(100):
        collection.count(["cup"])
    one = Sampler(collection)
    common = kept(one, *[look(time, answer(1)) for time in range(20)])
    rare = kept(one, *[look(time, answer(2)) for time in range(20, 40)])
    assert (len(common), len(rare)) == (5, 5)


def test_cameras_of_one_collection_share_its_budget_and_its_memory():
    collection = Collection(replace(QUIET, every_s=1.0, per_minute=3, least_change=20.0))
    left, right = Sampler(collection), Sampler(collection)
    assert len(kept(left, look(0, seed=1))) == 1
    assert len(kept(right, look(0, seed=1))) == 0
    assert len(kept(right, look(1, seed=2))) == 1
    assert len(kept(left, *[look(time, seed=time + 5) for time in range(2, 9)])) == 1


def test_settings_can_change_between_two_looks():
    collection = Collection(QUIET)
    one = Sampler(collection)
    assert kept(one, look(0)) == []
    collection.config = replace(QUIET, every_s=1.0)
    assert len(kept(one, look(1))) == 1


def test_a_trigger_keeps_the_newest_and_the_seconds_before_it_in_order():
    one = sampler(replace(QUIET, before_s=2.0))
    kept(one, *[look(time, seed=time) for time in range(10)])
    verdicts = one.trigger("asked for", 9 * SECOND, PLENTY)
    assert [(v.look.stamp_ns // SECOND, v.words, v.keep) for v in verdicts] == [
        (7, ("just before: asked for",), True),
        (8, ("just before: asked for",), True),
        (9, ("asked for",), True),
    ]


def test_a_trigger_before_the_first_look_keeps_nothing():
    assert sampler(QUIET).trigger("asked for", 0, PLENTY) == ()


def test_what_was_kept_already_is_not_kept_again_by_a_trigger():
    one = sampler(replace(QUIET, every_s=1.0))
    kept(one, *map(look, range(3)))
    verdicts = one.trigger("asked for", 2 * SECOND, PLENTY)
    assert [v.refusal.kind for v in verdicts] == ["kept"] * 3
    assert [v.keep for v in one.trigger("again", 2 * SECOND, PLENTY)] == [False]


def test_a_trigger_keeps_a_bad_newest_picture_but_no_bad_ones_before():
    one = sampler(replace(QUIET, most_clipped=0.5))
    black = np.zeros((12, 16, 3), np.uint8)
    kept(one, look(0), replace(look(1), image=black), replace(look(2), image=black))
    assert [v.keep for v in one.trigger("asked for", 2 * SECOND, PLENTY)] == [True, False, True]


def test_a_trigger_keeps_to_the_budget_and_what_is_nearest_to_it():
    one = sampler(replace(QUIET, per_minute=3))
    kept(one, *[look(time / 10, seed=time) for time in range(10)])
    verdicts = one.trigger("asked for", SECOND, PLENTY)
    assert [v.keep for v in verdicts] == [False] * 7 + [True] * 3


def test_what_a_teacher_shows_is_kept_and_counted_even_if_it_is_a_duplicate():
    collection = Collection(replace(QUIET, least_change=20.0))
    collection.remember(picture())
    verdict = Sampler(collection).demand(look(0, taught=("mug",)), "mug, says the teacher", 0, PLENTY)
    assert verdict.keep and verdict.words == ("mug, says the teacher",)
    assert collection.kept.shown["mug"] == 1


def test_where_time_goes_back_the_stream_begins_anew_and_nothing_is_kept_twice():
    one = sampler(replace(QUIET, every_s=4.0))
    assert [time for time, _ in kept(one, *map(look, range(6)))] == [0, 4]
    assert [time for time, _ in kept(one, *map(look, range(10)))] == [5, 9]
    assert [v.look.stamp_ns // SECOND for v in one.trigger("asked for", 0, PLENTY)] == [4, 5, 6, 7, 8, 9]


def test_flicker_does_not_reach_over_a_jump_in_time():
    one = sampler(replace(QUIET, flicker=True))
    assert kept(one, look(5.0, answer(2)), look(5.1, answer()), look(0.0, answer(2))) == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_the_minute_is_never_over(seed):
    rng = np.random.default_rng(seed)
    config = replace(QUIET, every_s=0.5, uncertain_low=0.2, uncertain_high=0.8, flicker=True, per_minute=7, reserve=0.4)
    one, now, stamp, times = sampler(config), 0, 0.0, []
    for number in range(1000):
        now += int(rng.exponential(0.2) * SECOND)
        stamp += float(rng.normal(0.2, 1.0))
        seen = look(stamp + 1e6, answer(*rng.choice([1, 2], rng.integers(0, 3)), score=rng.uniform()), seed=number % 9)
        verdicts = one.consider(seen, now, PLENTY)
        if rng.uniform() < 0.05:
            verdicts += one.trigger("asked for", now, PLENTY)
        times += [now for verdict in verdicts if verdict.keep]
    assert len(times) > 7
    assert all(later - earlier >= 60 * SECOND for earlier, later in zip(times, times[7:], strict=False))


def test_a_band_that_is_upside_down_is_refused():
    with pytest.raises(ConfigError, match=r"uncertain_low: got 0.7, expected at most uncertain_high \(0.6\)"):
        SamplingConfig(uncertain_low=0.7)


def test_the_memory_of_a_look_counts_all_its_arrays():
    bare = look(0)
    assert look(0, answer(1, 2)).nbytes == bare.nbytes + 2 * (16 + 8 + 4)
