"""How networks are asked for the colours of a gray picture, family by family."""
