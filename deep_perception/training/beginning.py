"""Before the first step: the network with its new head, what of it learns, whether it can, and how fast."""

from dataclasses import asdict
from functools import partial

import PIL.Image
from lightning_fabric import Fabric

from deep_perception.data.contact_sheet import MOST, contact_sheet
from deep_perception.data.dataset import TRAIN
from deep_perception.data.examples import batches
from deep_perception.errors import ModelError
from deep_perception.training.checks import overfit_batch
from deep_perception.training.course import Course
from deep_perception.training.curves import rate_plot
from deep_perception.training.job import Job
from deep_perception.training.listener import Listener
from deep_perception.training.optimisers import optimizer_of
from deep_perception.training.rate import range_test
from deep_perception.training.regimes import choose, freeze
from deep_perception.training.run_folder import OVERFIT, RATE, RATE_PLOT, SHEET, TRANSFER, RunFolder
from deep_perception.training.transfer import prepare

ROOM = 12 * 4
"""Bytes of disk for each number in the network: themselves, their average and the optimiser's two, all of them twice
while the file is replaced; the best and the final ones, the same."""


def begin(job: Job, run: RunFolder, fabric: Fabric, listener: Listener) -> Course:
    """Make the network ready to learn."""
    transfer = prepare(job.config, job.names, job.task)
    model = transfer.model
    model.device = fabric.device
    regime, why = choose(job.config.regime, len(job.parts[TRAIN]), transfer.pretrained)
    freeze(model, regime, transfer.new)
    for sentence in (*transfer.sentences, why):
        listener.say(sentence)
    run.check_room(ROOM * sum(tensor.numel() for tensor in model.network.state_dict().values()))
    run.write(TRANSFER, {name: value for name, value in vars(transfer).items() if name != "model"})
    return Course(job, model, regime, why, run, fabric, listener)


def rehearse(course: Course, *, overfit: bool) -> float:
    """Show what the network will see, see whether it can learn, and return the learning rate."""
    _show(course)
    if overfit:
        _overfit(course)
    return _range_test(course) if course.config.lr == "auto" else float(course.config.lr)


def _show(course: Course) -> None:
    if course.run.writes:
        examples = course.learning()
        seen = [examples[place] for place in range(min(MOST, len(examples)))]
        with course.run.written(SHEET) as part:
            PIL.Image.fromarray(contact_sheet(seen, course.names)).save(part, "PNG")


def _overfit(course: Course) -> None:
    config = course.config
    batch = next(iter(batches(course.plain(TRAIN), config.batch, shuffle=True, workers=0)))
    finding = course.fabric.broadcast(overfit_batch(course.model, batch))
    course.run.write(OVERFIT, asdict(finding))
    if not finding.good:
        raise ModelError(f"{finding.what}. To train without this check: --no-overfit-batch")
    course.listener.say(finding.what)


def _range_test(course: Course) -> float:
    config, model = course.config, course.model
    examples = batches(course.learning(), config.batch, shuffle=True, workers=0)
    make = partial(optimizer_of, model.network, config)
    finding = course.fabric.broadcast(range_test(model, examples, make, clip=config.clip))
    course.run.write(RATE, asdict(finding))
    if course.run.writes:
        rate_plot(finding, course.run.path / RATE_PLOT)
    course.listener.say(f"learning rate {finding.chosen:.2g}: {finding.why}")
    return finding.chosen
