"""Formats of others, out of which a data set comes and into which it goes."""
