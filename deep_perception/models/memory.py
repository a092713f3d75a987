"""What a model keeps of a stream of pictures from one to the next; models themselves know nothing of before."""

from typing import Any, Protocol

from deep_perception.predictions import Image


class Memory(Protocol):
    """One for each camera."""

    def __call__(self, image: Image, prediction: Any) -> Any:
        """Return the prediction for the next picture of the stream, in the light of those before."""

    def reset(self) -> None:
        """Forget: the stream starts again."""
