"""From settings to what judges novelty."""

from deep_perception.data.sampling.network_embedding import USUAL as USUAL_OF_NETWORK
from deep_perception.data.sampling.network_embedding import NetworkEmbedding
from deep_perception.data.sampling.novelty import Nearest, Novelty
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.data.sampling.tiny_embedding import USUAL as USUAL_OF_TINY
from deep_perception.data.sampling.tiny_embedding import tiny_embedding


def create_novelty(config: SamplingConfig) -> Novelty | None:
    """Return what judges novelty as these settings say."""
    if config.novelty == "none":
        return None
    if config.novelty == "network":
        return Nearest(NetworkEmbedding(config.novelty_weights), USUAL_OF_NETWORK, config.novelty_memory)
    return Nearest(tiny_embedding, USUAL_OF_TINY, config.novelty_memory)
