"""A settings dataclass as ROS parameters: declared with its sentences and ranges, read back, checked when set."""

from collections.abc import Iterable, Sequence
from dataclasses import Field, fields, replace
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from deep_perception.config import check_names
from deep_perception.errors import ConfigError
from deep_perception.ros.post import Post

Settings = TypeVar("Settings")

OF_ROS = ("use_sim_time", "start_type_description_service")


def declare(node: Node, settings: type[Settings], post: Post | None = None) -> Settings:
    """Declare every field as a parameter and return the settings given; raise ConfigError for a wrong one."""
    post = post or Post()
    values = post.settled(given(node, settings, post.known))
    try:
        for item in fields(settings):  # type: ignore[arg-type]
            value = values.get(item.name)
            default = item.default if value is None else value
            node.declare_parameter(item.name, _to_ros(default), _descriptor(item), ignore_override=True)
    except (InvalidParameterValueException, InvalidParameterTypeException) as err:
        raise ConfigError(" ".join(str(err).split())) from err
    declared = {item.name: node.get_parameter(item.name) for item in fields(settings)}  # type: ignore[arg-type]
    return changed(settings(), list(declared.values()))


def given(node: Node, settings: type, known: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the command line and files give a node; raise ConfigError for a name that it does not know."""
    # rclpy drops a value for a parameter that is never declared without a word, and offers no public list of them.
    overrides = getattr(node, "_parameter_overrides", {})
    ours = [name for name in overrides if name not in OF_ROS and not name.startswith("qos_overrides.")]
    check_names(settings, ours, known)
    return {name: overrides[name].value for name in ours}


def changed(settings: Settings, parameters: Sequence[Parameter]) -> Settings:
    """Return the settings with these parameters in them; raise ConfigError for a wrong value."""
    types = {item.name: item.default for item in fields(settings)}  # type: ignore[arg-type]
    values = {one.name: _from_ros(one.value, types[one.name]) for one in parameters if one.name in types}
    return replace(settings, **values)  # type: ignore[type-var]


def _descriptor(item: "Field[Any]") -> ParameterDescriptor:
    # Typed dynamically, because rcl reads `[]` as "no value" and `1` as an integer; check_settings is stricter anyway.
    descriptor = ParameterDescriptor(description=item.metadata["doc"], dynamic_typing=True)
    if choices := item.metadata["choices"]:
        descriptor.additional_constraints = f"one of {', '.join(choices)}"
    if limits := item.metadata["range"]:
        if isinstance(item.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(limits.low), to_value=float(limits.high))
            ]
        else:
            descriptor.integer_range = [IntegerRange(from_value=int(limits.low), to_value=int(limits.high), step=1)]
    return descriptor


def _to_ros(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _from_ros(value: Any, default: Any) -> Any:
    if value is None:
        return default
    if isinstance(default, tuple) and isinstance(value, (list, tuple)):
        return tuple(name for name in value if name != "")
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
