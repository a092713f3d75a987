#!/usr/bin/env bash
# Build and install the package with colcon, as on a robot, and run what it installed, away from the source tree.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly source=$PWD python=$PWD/.venv/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset PYTHONPATH AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH _ROS_WHEELS_BOOTSTRAP_COMPLETE
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST

fail() {
    echo "check_install: $1" >&2
    exit 1
}

# Shows what a command printed only when it was not what we expect: an exit code and a word.
expect() {
    local code=$1 word=$2 got=0
    shift 2
    "$@" >"$scratch/output" 2>&1 </dev/null || got=$?
    [[ $got == "$code" ]] && grep -q -- "$word" "$scratch/output" && echo "ok: ${*##*/}" && return
    cat "$scratch/output" >&2
    fail "'$*' gave exit code $got, expected $code and the word '$word'"
}

"$python" -m colcon --log-base "$scratch/log" build --build-base "$scratch/build" --install-base "$scratch/install"
readonly programs=$scratch/install/deep_perception/lib/deep_perception

cd "$scratch"
set +u # colcon's script reads variables that may not be there
source "$scratch/install/setup.bash"
set -u

# The installed copy must be whole, and be the one that runs.
git -C "$source" ls-files launch config deep_perception | while read -r file; do
    [[ -n $(find "$scratch/install" -path "*/$file") ]] || fail "$file is not installed; setup.py must list it"
done
expect 0 "^$scratch/install/" "$python" -c 'import deep_perception; print(deep_perception.__file__)'
expect 0 "^$scratch/install/" "$python" -c \
    'from ament_index_python.packages import get_package_share_directory as share; print(share("deep_perception"))'
expect 0 models "$programs/deep_perception" --help
expect 0 ssdlite320_mobilenet_v3_large "$programs/deep_perception" models
expect 1 no_such_model "$programs/perception_node" --ros-args -p model:=no_such_model
expect 1 no_such_task "$programs/perception_container" --ros-args -p 'tasks:=[no_such_task]'
expect 0 '' timeout --preserve-status --signal=INT 10 "$programs/scene_camera"
