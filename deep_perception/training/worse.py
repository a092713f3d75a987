"""Which classes a new model knows less well than the one that it would replace."""

from deep_perception.evaluation.proof import Proof

NOTEWORTHY = 0.03
"""Who loses no more is not named: another few pictures may say otherwise."""


def worse_classes(proof: Proof) -> str:
    """Return half a sentence that names them with what they lost, most first; empty where there are none."""
    lost = [f"{name} lost {by:.2f}" for name, by in proof.lost(tuple(proof.per_class)).items() if by > NOTEWORTHY]
    return f"but {', '.join(lost)}" if lost else ""
