# The commands of this project. Each one first brings .venv up to date, which takes seconds once it is there.
#   make setup PYTHON=python3.12    chooses the interpreter; without it python3, or the one that .venv was made with

PYTHON ?=
PY := .venv/bin/python

# A sourced ROS installation, or another environment that holds the ROS wheels, must not mix with the one in .venv.
unexport PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH _ROS_WHEELS_BOOTSTRAP_COMPLETE

TWO_AT_A_TIME := -n 2 --dist loadfile

.PHONY: setup demo demo-learn test check bench

setup:
	@PYTHON="$(PYTHON)" bash dev/setup.sh

demo: setup
	@$(PY) -m deep_perception demo

demo-learn: setup
	@$(PY) -m deep_perception demo-learn

test: setup
	@$(PY) -m pytest $(TWO_AT_A_TIME)

check: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m pytest $(TWO_AT_A_TIME)

bench: setup
	@$(PY) -m deep_perception bench
	@$(PY) -m deep_perception bench --bags
