"""The files that DeOldify's makers released, under the MIT licence as their code.

They give addresses but no digests; these are the ones that several public projects note for the same files. A file
holds, beside the state under `model`, the settings of fastai's optimiser.
"""

from deep_perception.models.store import NamedWeights

ADDRESSES = {
    "artistic": "https://data.deepai.org/deoldify/ColorizeArtistic_gen.pth",
    "stable": "https://www.dropbox.com/s/axsd2g85uyixaho/ColorizeStable_gen.pth?dl=1",
    "video": "https://data.deepai.org/deoldify/ColorizeVideo_gen.pth",
}
DIGESTS = {
    "artistic": "3f750246fa220529323b85a8905f9b49c0e5d427099185334d048fb5b5e22477",
    "stable": "ca9cd7f43fb8b222c9a70f7b292e305a000694b0ff9d2ae4a6747b1a2e1ee5af",
    "video": "e3d98bb6a222354c79f95485c2f078a89dc724e9183662506d9e0f5aafac83ad",
}


def released(variant: str) -> tuple[NamedWeights, ...]:
    """Return the released weights of the generator `artistic`, `stable` or `video`."""
    row = NamedWeights(
        model=f"deoldify_{variant}",
        name="RELEASED",
        url=ADDRESSES[variant],
        sha256=DIGESTS[variant],
        labels=(),
        licence="MIT",
    )
    return (row,)
