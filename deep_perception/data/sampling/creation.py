"""From settings to what judges novelty."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from deep_perception.data.dataset import MANIFEST, Dataset
from deep_perception.data.sampling.novelty import Nearest, Novelty
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.data.sampling.tiny_embedding import USUAL as USUAL_OF_TINY
from deep_perception.data.sampling.tiny_embedding import tiny_embedding
from deep_perception.data.targets import image_of
from deep_perception.predictions import Image

if TYPE_CHECKING:
    from deep_perception.data.sampling.unusual import Unusual

logger = logging.getLogger(__name__)

LEARNT = "novelty.safetensors"
MOST_PICTURES = 2000


def create_novelty(config: SamplingConfig, folder: Path) -> Novelty | None:
    """Return what judges novelty as these settings say, for the data set in this folder.

    An autoencoder learns from the data set first, which takes about a minute, unless it has learnt from half of it or
    more before. Raise a DeepPerceptionError where pictures or weights are missing or cannot be used.
    """
    if config.novelty == "none":
        return None
    if config.novelty == "tiny":
        return Nearest(tiny_embedding, USUAL_OF_TINY, config.novelty_memory)
    # Only here, as in what it calls: torch takes seconds to start, and most of a gigabyte.
    from deep_perception.data.sampling.network_embedding import USUAL as USUAL_OF_NETWORK
    from deep_perception.data.sampling.network_embedding import NetworkEmbedding
    from deep_perception.data.sampling.unusual import Unusual

    if config.novelty == "network":
        return Nearest(NetworkEmbedding(config.novelty_weights), USUAL_OF_NETWORK, config.novelty_memory)
    if config.novelty_weights != "default":
        return Unusual.load(Path(config.novelty_weights).expanduser())
    return _of_data_set(folder)


def _of_data_set(folder: Path) -> "Unusual":
    from deep_perception.data.sampling.unusual import Unusual, fit_vae

    dataset = Dataset.open(folder) if (folder / MANIFEST).exists() else Dataset(folder, (), {})
    count = min(len(dataset.records), MOST_PICTURES)
    if (folder / LEARNT).exists():
        learnt = Unusual.load(folder / LEARNT)
        if count < 2 * learnt.pictures:
            return learnt
    learnt = fit_vae(_spread(dataset, count))
    learnt.save(folder / LEARNT)
    logger.info("novelty: an autoencoder has learnt from %d pictures, now in %s", count, folder / LEARNT)
    return learnt


def _spread(dataset: Dataset, count: int) -> list[Image]:
    """Return so many pictures, evenly spread over the data set, small."""
    from deep_perception.data.sampling.autoencoder import shrunk

    records = [dataset.records[place * len(dataset.records) // count] for place in range(count)]
    return [shrunk(image_of(dataset, record)) for record in records]
