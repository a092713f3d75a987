"""ROS 2 recordings (SQLite and MCAP, split, compressed or unfinished) read where no ROS is installed."""

from deep_perception.data.recordings.files import is_recording
from deep_perception.data.recordings.message import Message, Topic
from deep_perception.data.recordings.pictures import (
    TO_RGB,
    RecordedPicture,
    Window,
    fields_of,
    image_topic,
    image_topics,
    pictures,
    stamp_of,
)
from deep_perception.data.recordings.recording import Recording

__all__ = [
    "TO_RGB",
    "Message",
    "RecordedPicture",
    "Recording",
    "Topic",
    "Window",
    "fields_of",
    "image_topic",
    "image_topics",
    "is_recording",
    "pictures",
    "stamp_of",
]
