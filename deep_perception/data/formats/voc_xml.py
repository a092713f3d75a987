"""An annotation of Pascal VOC: XML to what a record says, and back."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from deep_perception.data.formats.sources import box, numbers, text_of
from deep_perception.data.record import Thing
from deep_perception.errors import InputError

CHANNELS = "channels"
"""Where `Record.more` keeps what VOC calls the depth of a picture."""

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_OF_PICTURES = ("folder", "source", "owner", "segmented")
_OF_THINGS = ("pose", "truncated", "occluded", "point", "part", "actions", "attributes")
"""What VOC and the tools around it say beside what a Record has fields for."""


def read_annotation(path: Path) -> Element:
    """Read the XML; raise InputError where it is damaged or something else."""
    text = text_of(path)
    if "<!ENTITY" in text:  # a few lines of these can fill all memory
        raise InputError(f"{path} defines XML entities, expected a plain annotation")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as err:
        raise InputError(f"{path} is damaged ({err}), expected XML. Fetch or export it again") from err
    if root.tag != "annotation":
        raise InputError(f"{path}: got <{root.tag}>, expected an <annotation> of Pascal VOC")
    return root


def more_of(root: Element) -> dict[str, Any]:
    """Return what is said of the picture beside its name, its size and its things."""
    said = {key: _said(child) for key in _OF_PICTURES if (child := root.find(key)) is not None}
    depth = root.findtext("size/depth")
    return said if depth is None else {**said, CHANNELS: depth}


def check_size(root: Element, size: tuple[int, int], path: Path) -> None:
    """Raise InputError where the annotation is of a picture of another size; many say 0, or nothing."""
    said = tuple(root.findtext(f"size/{key}", "0") for key in ("width", "height"))
    if said != ("0", "0") and said != tuple(map(str, size)):
        raise InputError(
            f"{path}: got a size of {said[0]}x{said[1]}, but its picture is {size[0]}x{size[1]}. "
            "Use the pictures that were labelled, not resized or turned ones"
        )


def things_of(root: Element, path: Path) -> tuple[Thing, ...]:
    """Return the objects in the order of the file; raise InputError for one without name or box."""
    return tuple(_thing(one, f"{path}, object {place}") for place, one in enumerate(root.iter("object"), 1))


def _thing(said: Element, where: str) -> Thing:
    name = (said.findtext("name") or "").strip()
    if not name:
        raise InputError(f"{where}: got no name. Give it one")
    left, top, right, bottom = numbers([said.findtext(f"bndbox/{key}") for key in _CORNERS], 4, f"{where}, bndbox")
    # VOC counts pixels from 1 and names the first and the last of a box. We measure from the corner of the picture to
    # the edges of the box: the first pixel begins at its number less 1, the last ends at its number.
    return Thing(
        name,
        box((left - 1, top - 1, right, bottom), where),
        ignored=(said.findtext("difficult") or "0").strip() not in ("0", ""),
        more={key: _all(said, key) for key in _OF_THINGS if said.find(key) is not None},
    )


def _all(parent: Element, key: str) -> Any:
    """What is said under a name: a list where it is said more than once."""
    said = [_said(child) for child in parent.findall(key)]
    return said[0] if len(said) == 1 else said


def _said(element: Element) -> Any:
    """Text, or what its children say by their names."""
    names = dict.fromkeys(child.tag for child in element)
    return {name: _all(element, name) for name in names} if names else (element.text or "").strip()


def annotation(file_name: str, size: tuple[int, int], more: Mapping[str, Any], things: tuple[Thing, ...]) -> bytes:
    """Return the XML of a picture."""
    root = Element("annotation")
    usual = {"folder": "VOC", "segmented": str(int(any(thing.mask is not None for thing in things)))}
    for key in _OF_PICTURES:
        if key in more or key in usual:
            _add(root, key, more.get(key, usual.get(key)))
    _add(root, "filename", file_name)
    _add(root, "size", {"width": size[0], "height": size[1], "depth": more.get(CHANNELS, 3)})
    for thing in things:
        _add(root, "object", dict(_object(thing)))
    ET.indent(root, "\t")
    return ET.tostring(root, encoding="utf-8")


def _object(thing: Thing) -> Iterator[tuple[str, Any]]:
    left, top, right, bottom = thing.box
    usual = {"pose": "Unspecified", "truncated": 0}
    yield "name", thing.name
    yield from ((key, thing.more.get(key, usual.get(key))) for key in _OF_THINGS if key in thing.more or key in usual)
    yield "difficult", int(thing.ignored)
    yield "bndbox", dict(zip(_CORNERS, map(_number, (left + 1, top + 1, right, bottom)), strict=True))


def _number(value: float) -> int | float:
    """Whole where it is, as VOC has it; six decimals of what others drew more finely."""
    return round(value) if value == round(value) else round(value, 6)


def _add(parent: Element, key: str, said: Any) -> None:
    for one in said if isinstance(said, list) else [said]:
        child = SubElement(parent, key)
        if isinstance(one, Mapping):
            for name, value in one.items():
                _add(child, name, value)
        else:
            child.text = str(one)
