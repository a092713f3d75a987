#!/usr/bin/env bash
# Build everything this project needs into .venv: pinned packages, then the interface packages of dev/.
# Each step leaves a stamp when it is done: a second run has nothing to do, and an interrupted one does its step again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly venv=$PWD/.venv python=$PWD/.venv/bin/python
readonly oldest=3.11 newest=3.13

fail() {
    echo "make setup: $1" >&2
    exit 1
}

hash_of() { find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1; }

# The compiler and ROS's generators have much to say; it matters only when they fail.
quietly() { "$@" >"$build/log" 2>&1 || { cat "$build/log" >&2 && fail "'$1' failed, its output is above"; }; }

stamped() { [[ $(cat "$venv/.stamp-$1" 2>/dev/null) == "$2" ]]; }

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

check_python() {
    local version
    version=$(version_of "$1") || fail "'$1' does not run, expected a Python; name one: make setup PYTHON=python$oldest"
    printf '%s\n' "$oldest" "$version" "$newest" | sort -CV ||
        fail "'$1' is Python $version, expected $oldest to $newest; name another: make setup PYTHON=python$oldest"
    "$1" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "'$1' has no venv module, expected one; install it: apt-get install python$version-venv"
}

# A wheel that was cut off while being unpacked can look installed, so an unfinished environment is thrown away.
make_venv() {
    local chosen=${PYTHON:-python3}
    if [[ ! -e $venv/.unfinished ]] && version_of "$python" >/dev/null; then
        [[ -z ${PYTHON:-} || $(version_of "$chosen") == "$(version_of "$python")" ]] && return
    fi
    check_python "$chosen"
    rm -rf "$venv" && mkdir "$venv" && touch "$venv/.unfinished"
    "$chosen" -m venv "$venv"
}

install_packages() {
    rm -f "$venv"/.stamp-*
    touch "$venv/.unfinished"
    "$python" -m pip install --disable-pip-version-check -r dev/requirements.txt -c dev/constraints.txt
    # The message wheels name a folder of the machine they were built on, and CMake refuses a folder that is not there.
    sed -i 's|^\( *INTERFACE_INCLUDE_DIRECTORIES\) "/opt/python/[^"]*"|\1 ""|' \
        "$venv"/share/*/cmake/*__rosidl_generator_pyExport.cmake
    rm "$venv/.unfinished"
    echo "$1" >"$venv/.stamp-packages"
}

# Into the prefix of the environment itself: there the wheels' loader finds it, and no second copy can get in its way.
build_interfaces() {
    command -v c++ >/dev/null || fail "no C++ compiler (c++) found; install one: apt-get install g++"
    echo "make setup: building the interface package vision_msgs, about a minute"
    rm -rf "$venv"/.stamp-interfaces "$venv"/{share,include}/vision_msgs \
        "$venv"/lib/libvision_msgs__* "$venv"/lib/python*/site-packages/vision_msgs*
    build=$(mktemp -d)
    trap 'rm -rf "$build"' EXIT
    export PATH="$venv/bin:$PATH"
    quietly cmake -G Ninja -S dev/vision_msgs -B "$build" -DBUILD_TESTING=OFF \
        -DCMAKE_INSTALL_PREFIX="$venv" -DPython3_EXECUTABLE="$python"
    quietly cmake --build "$build"
    quietly cmake --install "$build"
    echo "$1" >"$venv/.stamp-interfaces"
}

exec 9<"${BASH_SOURCE[0]}"
flock 9 # two terminals may say `make` at the same time
make_venv
packages=$(hash_of dev/requirements.txt dev/constraints.txt)
stamped packages "$packages" || install_packages "$packages"
interfaces=$(hash_of dev/vision_msgs)
stamped interfaces "$interfaces" || build_interfaces "$interfaces"
