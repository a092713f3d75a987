"""Recordings in place of data sets: a model, or what a robot published, scored on every picture of a bag."""
