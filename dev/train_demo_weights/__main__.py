"""The command: which models to train, and how long."""

import argparse
import logging
from pathlib import Path

import torch

import dev.train_demo_weights as package
from dev.train_demo_weights import classifier, colorizer, detector, instances, segmenter, upscaler

TRAINERS = {
    "detector": detector.train,
    "classifier": classifier.train,
    "segmenter": segmenter.train,
    "instances": instances.train,
    "colorizer": colorizer.train,
    "upscaler": upscaler.train,
}
"""In this order: some begin with what the detector learnt."""


def main() -> None:
    arguments = parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(arguments.workers)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in TRAINERS:
        if name in arguments.only:
            torch.manual_seed(arguments.seed)
            TRAINERS[name](arguments)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=package.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=700, help="scenes of each round")
    parser.add_argument("--views", type=int, default=5, help="pictures of each scene")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of the detector, each on new scenes")
    parser.add_argument("--detector-steps", type=int, default=1600, help="steps of each round")
    parser.add_argument("--classifier-steps", type=int, default=300)
    parser.add_argument("--segmenter-steps", type=int, default=600)
    parser.add_argument("--instances-steps", type=int, default=500)
    parser.add_argument("--colorizer-steps", type=int, default=600)
    parser.add_argument("--upscaler-steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--held-out", type=int, default=100, help="scenes to examine on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=TRAINERS, nargs="+", default=tuple(TRAINERS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "deep_perception" / "weights")
    return parser.parse_args()


if __name__ == "__main__":
    main()
