"""After the last step: the test part, scored once for the new model and for the one that it would replace."""

from deep_perception.data.dataset import TEST
from deep_perception.evaluation.proof import Proof, prove
from deep_perception.evaluation.tally import Tally
from deep_perception.models import checkpoint
from deep_perception.models.creation import save
from deep_perception.models.files import sha256_of
from deep_perception.models.model import Model
from deep_perception.training.comparison import save_comparisons
from deep_perception.training.course import Course
from deep_perception.training.interruption import Interruption
from deep_perception.training.judging import examined
from deep_perception.training.report import write_report
from deep_perception.training.run_folder import BEST, CONFIG, MODEL, PROOF

NOT_COMPARED = "not compared"
"""The verdict where there was nobody to compare, or nobody to judge."""

SHOWN = 6
"""Test pictures that people see in the report."""


def conclude(course: Course, old: Model | None, stop: Interruption) -> str:
    """Judge the best weights, write down the model and the proof, and return the verdict in a sentence."""
    model, run = course.model, course.run
    course.fabric.barrier()  # the first process may still be writing
    checkpoint.load_into(model.network, checkpoint.load(run.path / BEST))
    by_people = course.judging()
    judges = course.plain(TEST) if by_people is None else by_people
    counts = examined(course, model, judges, stop)
    if by_people is None:
        proof = _alone(counts, "the test part is labelled by models only: nothing can be proved by it")
    elif old is None:
        proof = _alone(counts, "there is no earlier model to compare with")
    else:
        proof = prove(counts, examined(course, old, judges, stop), seed=course.config.seed)
    if run.writes:
        model.settings["training"] = run.read(CONFIG)
        save(model, run.path / MODEL, metrics={**counts.figures(), "verdict": proof.sentence})
        places = range(0, len(judges), max(1, len(judges) // SHOWN))  # neighbours look alike
        seen = [judges[place] for place in places[:SHOWN]]
        save_comparisons(run.path, seen, course.names, model, old)
        run.write(PROOF, {**proof.to_json(), **_identities(course, old)})
        write_report(run.path)
    return proof.sentence


def _alone(counts: Tally, why: str) -> Proof:
    """Return the figures of a model that was not compared."""
    pictures = len(counts.units)
    return Proof(
        unit=counts.unit,
        new=counts.figures(),
        old={},
        difference=0.0,
        low=0.0,
        high=0.0,
        verdict=NOT_COMPARED,
        sentence=f"not compared: {why}. {counts.value:.4g} {counts.unit} on {pictures} test pictures",
        per_class={},
        pictures=pictures,
        resamples=0,
        seed=0,
    )


def _identities(course: Course, old: Model | None) -> dict[str, str]:
    """Say which files were compared, for whoever swaps one for the other."""
    said = {"new_identity": sha256_of(course.run.path / MODEL)}
    if old is None:
        return said
    weights = course.job.replaces or course.config.weights
    return {**said, "old_model": old.name, "old_weights": weights, "old_identity": old.identity}
