"""From a picture and the messages of its stamp to what is known of it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vision_msgs.msg import Detection2DArray

from deep_perception.data.record import MODEL, Tag, Thing
from deep_perception.data.teaching import named
from deep_perception.data.vision_messages import tags_in
from deep_perception.errors import ImageError
from deep_perception.predictions import LabelMap, Prediction
from deep_perception.ros.complaints import Complaints
from deep_perception.ros.picture_messages import Size
from deep_perception.ros.seen import Seen, Vocabulary
from deep_perception.ros.shot import Shot
from deep_perception.ros.told import classes_in, things_in

NO_NAMES = "mask comes without label_info, which names its classes. Remap label_info to that of the node with the mask"


class Looking:
    """Of one camera. Messages that cannot be used are counted and explained once; the picture is looked at without."""

    def __init__(
        self, camera: str, complaints: Complaints, intrinsics: Callable[[Size], tuple[float, ...] | None]
    ) -> None:
        self._camera, self._complaints, self._intrinsics = camera, complaints, intrinsics
        self._vocabulary, self._other_vocabulary = Vocabulary(), Vocabulary()
        self.answered = False
        """Whether a running model has told boxes of any picture."""

    def __call__(self, shot: Shot, told: Mapping[str, Any], recording: str, class_names: Mapping[int, str]) -> Seen:
        """Return what is known; raise ImageError for a picture that cannot be read."""
        image = shot.image()
        size = image.shape[0], image.shape[1]
        things = self.things(told.get("detections"), size, MODEL)
        self.answered = self.answered or things is not None
        others = self.things(told.get("detections_other"), size, MODEL)
        guesses = tags_in(told["classification"], MODEL) if "classification" in told else None
        classes = self._classes(told.get("mask"), size, class_names)
        prediction, names = self._prediction(things, guesses, classes, class_names)
        return Seen(
            stamp_ns=shot.stamp_ns,
            image=image,
            prediction=prediction,
            names=names,
            other=None if others is None else self._other_vocabulary.detections(others),
            other_names=self._other_vocabulary.names,
            taught=(shot.label,) if shot.label else (),
            position=shot.position,
            recording=recording,
            camera=self._camera,
            shot=shot,
            tags=named(guesses, shot.label),
            things=things,
            classes=classes,
            class_names=class_names,
            depth=told.get("depth"),
            intrinsics=self._intrinsics(size),
        )

    def things(self, message: Detection2DArray | None, size: Size, source: str) -> tuple[Thing, ...] | None:
        """Read boxes; None where there is no message."""
        if message is None:
            return None
        read = things_in(message, size, source)
        if read.refused:
            self._complaints.ignore(f"boxes of the {source} that cannot be used", read.why, read.refused)
        return read.things

    def _classes(self, message: Any, size: Size, class_names: Mapping[int, str]) -> NDArray[np.uint8] | None:
        if message is None:
            return None
        if not class_names:
            self._complaints.ignore("masks without names", NO_NAMES)
            return None
        try:
            return classes_in(message, size)
        except ImageError as err:
            self._complaints.ignore("masks that cannot be used", str(err))
            return None

    def _prediction(
        self,
        things: tuple[Thing, ...] | None,
        guesses: tuple[Tag, ...] | None,
        classes: NDArray[np.uint8] | None,
        class_names: Mapping[int, str],
    ) -> tuple[Prediction | None, tuple[str, ...]]:
        """Return what a model says, in the words of models; boxes say most."""
        if things is not None:
            found = self._vocabulary.detections(things)
            return found, self._vocabulary.names
        if guesses is not None:
            guessed = self._vocabulary.classes(guesses)
            return guessed, self._vocabulary.names
        if classes is not None:
            names = tuple(class_names.get(number, str(number)) for number in range(max(class_names) + 1))
            return LabelMap(np.ascontiguousarray(classes)), names
        return None, ()
