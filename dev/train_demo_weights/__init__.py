"""Train the small models that come with the package, on scenes rendered on the fly.

    nice .venv/bin/python -m dev.train_demo_weights

makes deep_perception/weights/tabletop_*.safetensors again, on two free CPU cores in about two hours; `--only` makes
some of them. Every number is drawn from --seed; different machines still round differently.
"""

TRAINING_SEEDS, HELD_OUT_SEEDS = 1_000_000, 2_000_000
"""First seeds; the demo and the tests use small ones, so nobody is examined on what was learnt."""
