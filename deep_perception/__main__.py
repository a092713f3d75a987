"""`python -m deep_perception` is the command `deep_perception`."""

import sys

from deep_perception.cli import main

if __name__ == "__main__":
    sys.exit(main())
