"""Which image topics of a recording are looked at."""

from deep_perception.data.recordings import Recording, Topic, image_topic, image_topics
from deep_perception.errors import InputError
from deep_perception.evaluate_config import EvaluateConfig


def cameras_of(recording: Recording, config: EvaluateConfig) -> list[Topic]:
    """Return the topics named in `config`, or the only one, or all; raise InputError naming those that there are."""
    topics = {topic.name: topic for topic in recording.topics}
    names = [image_topic(recording, name, option="--image") for name in config.image or _unnamed(recording, config)]
    return [topics[name] for name in dict.fromkeys(names)]


def absolute(name: str) -> str:
    """Return a topic as recordings name it."""
    return f"/{name.lstrip('/')}"


def _unnamed(recording: Recording, config: EvaluateConfig) -> list[str | None]:
    """Return the topics meant where none is named: what is true, or was answered, is no camera."""
    others = {absolute(name) for name in (config.truth, config.topic) if name}
    images = image_topics(recording)
    cameras = [name for name in images if name not in others]
    if images and not cameras:
        raise InputError(f"{recording.path}: no images beside {', '.join(images)}, which is truth or answer")
    if len(cameras) > 1 and not config.all_cameras:
        problem = f"{recording.path}: several image topics, choose with --image A,B or --all-cameras"
        raise InputError(f"{problem}: {', '.join(cameras)}")
    return [*cameras] or [None]
