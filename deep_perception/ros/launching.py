"""What the launch files share: arguments that every program takes, and what they mean. It needs nothing of `launch`."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from deep_perception.ros.transport import roomy

COMMON = {
    "cameras": "Names of several cameras, separated by commas (front,rear); each is read on <camera>/image.",
    "image": "Topic to read in place of image; with cameras: in place of the image below each name.",
    "compressed": "true reads CompressedImage on <image>/compressed, false reads Image.",
    "namespace": "Namespace of what is started, and of its topics.",
    "use_sim_time": "true takes the time from /clock, as with a bag or a simulator.",
    "params_file": "Parameters file. An argument that is given goes before its line in the file.",
    "log_level": "Least severe message to show.",
}
CHOICES = {"log_level": ["debug", "info", "warn", "error", "fatal"]}

Arguments = list[dict[str, Any]]


def declared(settings: type, offered: Iterable[str], more: Mapping[str, str], params_file: Path) -> Arguments:
    """Return what to declare each argument with: some of the settings, `more` with its descriptions, and COMMON."""
    words = {item.name: item.metadata["doc"] for item in fields(settings)}
    descriptions = {**{name: words[name] for name in offered}, **more, **COMMON}
    defaults = {"params_file": str(params_file), "log_level": "info"}
    return [
        {"name": name, "default_value": defaults.get(name, ""), "description": text, "choices": CHOICES.get(name)}
        for name, text in descriptions.items()
    ]


def given_in(configurations: Mapping[str, str], arguments: Arguments) -> dict[str, str]:
    """Return the arguments that have a value; an including launch file may have set more than is declared here."""
    names = [words["name"] for words in arguments]
    return {name: configurations[name] for name in names if configurations[name]}


def process(given: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return how to start a program of this package, whichever it is."""
    return {
        "package": "deep_perception",
        "namespace": given.get("namespace", ""),
        "remappings": remappings(given),
        "ros_arguments": ["--log-level", given["log_level"]],
        "additional_env": roomy(environment),
        "output": "both",
        "emulate_tty": True,
    }


def parameters(given: Mapping[str, str], settings: type) -> dict[str, Any]:
    """Return the parameters that the given arguments stand for."""
    values = {
        item.name: read(item.name, given[item.name], item.default) for item in fields(settings) if item.name in given
    }
    if "use_sim_time" in given:
        values["use_sim_time"] = read("use_sim_time", given["use_sim_time"], False)
    if "compressed" in given:
        values["image_transport"] = "compressed" if read("compressed", given["compressed"], False) else "raw"
    return values


def read(name: str, text: str, default: Any) -> Any:
    """Turn the text of an argument into a value of the default's type."""
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        return split(text) if isinstance(default, tuple) else type(default)(text)
    except (KeyError, ValueError) as err:
        expected = "true or false" if isinstance(default, bool) else f"a {type(default).__name__}"
        raise ValueError(f"{name}: got '{text}', expected {expected}") from err


def existing(name: str, given: Mapping[str, str], what: str) -> str:
    """Return the path of a file that an argument names; launch_ros would go on without it."""
    path = given[name]
    if not Path(path).is_file():
        raise FileNotFoundError(f"{name}: got '{path}', expected the path of a {what} file")
    return path


def split(text: str) -> list[str]:
    """Read names separated by commas."""
    return [name.strip() for name in text.split(",")]


def remappings(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what `image` is called here, for one camera or for each of several."""
    if "image" not in given:
        return []
    if "cameras" not in given:
        return [("image", given["image"])]
    return [(f"{camera}/image", f"{camera}/{given['image']}") for camera in split(given["cameras"])]
