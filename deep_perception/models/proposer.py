"""Proposers: where there is something, whatever it is."""

from deep_perception.models.detector import Detector

PROPOSAL_LABELS = ("__background__", "object")


class Proposer(Detector):
    """A detector that knows one class, object.

    Objectness is learnt from as many anchors on objects as off them, so 0.5 means as likely as not. Whoever feeds a
    second detector and fears to miss something sets `score_threshold` to 0 and `max_detections` to 300 or more.
    """

    task = "proposals"
