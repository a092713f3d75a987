"""The small models that come with the package, trained on its own rendered scenes."""

from importlib.resources import files
from pathlib import Path

from deep_perception.models.store import NamedWeights
from deep_perception.scenes import LABELS, SURFACES

FOLDER = Path(str(files("deep_perception") / "weights"))


def _packaged(model: str, name: str, file: str, sha256: str, labels: tuple[str, ...]) -> NamedWeights:
    url = (FOLDER / f"{file}.safetensors").as_uri()
    return NamedWeights(model=model, name=name, url=url, sha256=sha256, labels=labels, licence="Apache-2.0")


SHIPPED = (
    _packaged(
        "fcos_shufflenet_v2_x1_0_fpn",
        "TABLETOP",
        "tabletop_detector",
        "4ef409935832d54b67555708136b8c26fdf87481d1b721694f471491105ee020",
        LABELS,
    ),
    _packaged(
        "shufflenet_v2_x0_5",
        "TABLETOP_SURFACES",
        "tabletop_surfaces",
        "9ee3ce35c112ea4af1f0dfe44ba7b10992982fdd5f35bed6613ca58462c655c1",
        SURFACES,
    ),
    _packaged(
        "maskrcnn_shufflenet_v2_x1_0_fpn",
        "TABLETOP_INSTANCES",
        "tabletop_instances",
        "b70adb4dd8aed5877c53612c450553b8692e026a0b575ee603bd6f9111791d01",
        LABELS,
    ),
    _packaged(
        "lraspp_shufflenet_v2_x1_0",
        "TABLETOP_PIXELS",
        "tabletop_pixels",
        "72cd95063beddaff97b76d1bf494bcd5634b8477a9c562e440fd89798a655e3e",
        LABELS,
    ),
    _packaged(
        "colorizer_shufflenet_v2_x1_0",
        "TABLETOP_COLOURS",
        "tabletop_colours",
        "bf0f6ad58fe1920e03b8f7a417f3d7af74ee819f7e768d44f4bb9f0a117b234a",
        (),
    ),
    _packaged(
        "espcn",
        "TABLETOP_X2",
        "tabletop_x2",
        "5cdae86f464c6ca96b9d164faf6c95fd2f54382e1108de45dfd5445218b72e32",
        (),
    ),
)


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return the weights of this network that come with the package."""
    return tuple(row for row in SHIPPED if row.model == name)
