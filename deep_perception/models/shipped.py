"""The small models that come with the package, trained on its own rendered scenes."""

from importlib.resources import files
from pathlib import Path

from deep_perception.models.store import NamedWeights
from deep_perception.scenes import LABELS, SURFACES

FOLDER = Path(str(files("deep_perception") / "weights"))
LICENCE = "Apache-2.0"

SHIPPED = (
    NamedWeights(
        model="fcos_shufflenet_v2_x1_0_fpn",
        name="TABLETOP",
        url=(FOLDER / "tabletop_detector.safetensors").as_uri(),
        sha256="4ef409935832d54b67555708136b8c26fdf87481d1b721694f471491105ee020",
        labels=LABELS,
        licence=LICENCE,
    ),
    NamedWeights(
        model="shufflenet_v2_x0_5",
        name="TABLETOP_SURFACES",
        url=(FOLDER / "tabletop_surfaces.safetensors").as_uri(),
        sha256="9ee3ce35c112ea4af1f0dfe44ba7b10992982fdd5f35bed6613ca58462c655c1",
        labels=SURFACES,
        licence=LICENCE,
    ),
    NamedWeights(
        model="lraspp_shufflenet_v2_x1_0",
        name="TABLETOP_PIXELS",
        url=(FOLDER / "tabletop_pixels.safetensors").as_uri(),
        sha256="72cd95063beddaff97b76d1bf494bcd5634b8477a9c562e440fd89798a655e3e",
        labels=LABELS,
        licence=LICENCE,
    ),
)


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return the weights of this network that come with the package."""
    return tuple(row for row in SHIPPED if row.model == name)
