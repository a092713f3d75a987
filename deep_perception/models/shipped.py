"""The small models that come with the package, trained on its own rendered scenes."""

from importlib.resources import files
from pathlib import Path

from deep_perception.models.store import NamedWeights
from deep_perception.scenes import LABELS, SURFACES

FOLDER = Path(str(files("deep_perception") / "weights"))

SHIPPED = (
    ("fcos_shufflenet_v2_x1_0_fpn", "TABLETOP", "tabletop_detector.safetensors", LABELS),
    ("shufflenet_v2_x0_5", "TABLETOP_SURFACES", "tabletop_surfaces.safetensors", SURFACES),
)


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return the weights of this network that come with the package."""
    return tuple(
        NamedWeights(
            model=model,
            name=weights,
            url=(FOLDER / file).as_uri(),
            sha256="",
            labels=labels,
            licence="Apache-2.0",
            metrics={},
        )
        for model, weights, file, labels in SHIPPED
        if model == name
    )
