"""What is worth keeping of what a robot sees.

A Sampler looks at one camera's stream and answers, for each Look, a Verdict: whether it is kept, and why in words.
Samplers share a Collection, which knows what was kept of all cameras::

    collection = Collection(config, create_novelty(config, folder), saved_ns)
    collection.count(names), collection.remember(image)     # of what is in the data set already
    sampler = Sampler(collection)
    for verdict in sampler.consider(look, now_ns, room):    # also an earlier look, when it turns out to matter
        if verdict.keep:
            write(verdict.look, reasons=verdict.words)
    for verdict in sampler.trigger("asked for", now_ns, room):   # the newest look and the seconds before it
        ...

What wants a look (`policies`, `novelty`), and what refuses one (`quality`, `likeness`, `budgets`), goes by what it is
given: time comes from the stamps of the looks, and for the budgets from the caller's clock. Nothing here is safe for
several threads at once.
"""

from deep_perception.data.sampling.collection import Collection, Tally
from deep_perception.data.sampling.look import Look, Reason, Room, Verdict
from deep_perception.data.sampling.sampler import Sampler
from deep_perception.data.sampling.settings import SamplingConfig

__all__ = ["Collection", "Look", "Reason", "Room", "Sampler", "SamplingConfig", "Tally", "Verdict"]
