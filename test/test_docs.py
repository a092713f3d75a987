"""What the documentation says is so: its tables, commands and links are held against the code."""

import importlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path

import pytest

import deep_perception
from deep_perception.cli import VERBS, Parser, main
from deep_perception.config import PerceptionConfig
from deep_perception.models import MODELS, Family, create, names, save
from deep_perception.models.shipped import SHIPPED
from deep_perception.tasks import TASKS

SHARED_BY_LAUNCH_FILES = "deep_perception/ros/launching.py"
ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
CHANGES = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
FENCED = re.compile(r"```.*?```", re.DOTALL)
IN_BACKTICKS = re.compile(r"`([^`]+)`")
GUIDED = {"detection": "fastrcnn_shufflenet_v2_x1_0_fpn", "colorization": "colorizer_siggraph17"}
"""Of these tasks, a model that subscribes to all there is."""
OF_EVERY_NODE = ("/parameter_events", "/clock")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def rows(heading: str, columns: int) -> Iterator[list[str]]:
    """Yield the cells of the first table with this many columns below a heading of the README."""
    section = re.split(r"^## ", README.partition(f"\n## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    table = [line[2:-2].split(" | ") for line in section.splitlines() if line.startswith("| ")]
    yield from [[cell.strip() for cell in cells] for cells in table if len(cells) == columns][1:]


def names_in(text: str) -> list[str]:
    """Return what stands in backticks, outside of blocks."""
    return IN_BACKTICKS.findall(FENCED.sub("", text))


def commands(program: str, *, mentioned: bool = True) -> list[list[str]]:
    """Return the words of every command of the pages that starts so: those in blocks and, if wanted, in sentences."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    lines = [line for text in texts for block in BLOCK.findall(text) for line in block.splitlines()]
    lines += [name for text in texts for name in names_in(text)] if mentioned else []
    ours = [line.strip().removeprefix("ros2 run deep_perception ") for line in lines]
    return [shlex.split(line, comments=True) for line in dict.fromkeys(ours) if line.startswith(f"{program} ")]


# Tables


def parameter_table() -> str:
    """Write the README's table of parameters from the declarations."""
    lines = [_parameter(item) for item in fields(PerceptionConfig)]
    return "\n".join(["| parameter | default | may be | live | what |", "|---|---|---|---|---|", *lines])


def _parameter(item: "Field[object]") -> str:
    default = list(item.default) if isinstance(item.default, tuple) else item.default
    kinds = {bool: "true or false", str: "text", tuple: "list of texts"}
    span, choices = item.metadata["range"], ", ".join(item.metadata["choices"])
    limits = f"{span.low:.10g} to {span.high:.10g}" if span else choices or kinds[type(item.default)]
    live = "yes" if item.metadata["live"] else ""
    shown = default if isinstance(default, str) and default else json.dumps(default)
    words = re.sub(r"<(?=\w)", r"\<", item.metadata["doc"])  # which GitHub would take for HTML
    return f"| `{item.name}` | `{shown}` | {limits} | {live} | {words} |"


def test_the_table_of_parameters_is_that_of_the_code():
    assert parameter_table() in README, f"README.md needs this table of parameters:\n\n{parameter_table()}\n"


def test_the_table_of_models_has_a_row_for_each_family_and_agrees_with_what_the_command_lists(capsys, cache):
    assert main(["models", "--json"]) == 0
    parameters = {row["name"]: row["parameters"] for row in json.loads(capsys.readouterr().out)}
    assert list(parameters) == names()
    written = list(rows("Models", 7))
    assert [row[1:] for row in written] == [
        [row.task, sizes(row, parameters), row.licence, row.source, row.weights_from, row.verified] for row in MODELS
    ]
    for (cell, *_), family in zip(written, MODELS, strict=True):
        assert names_in(cell)
        assert set(names_in(cell)) <= set(family.names)
        if len(family.names) <= 3:
            assert names_in(cell) == list(family.names)


def sizes(family: Family, parameters: Mapping[str, int]) -> str:
    """Return the least and the most parameters of a family, in millions."""
    counts = [parameters[name] for name in family.names]
    least, most = (f"{count / 1e6:.3g}" for count in (min(counts), max(counts)))
    return least if least == most else f"{least} to {most}"


def test_the_weights_that_come_with_the_package_are_named():
    for model, weights in ((row.model, row.name) for row in SHIPPED):
        assert {model, weights} <= set(names_in(README))


def test_the_table_of_topics_is_that_of_a_running_node(tmp_path):
    rclpy = pytest.importorskip("rclpy")
    robot = importlib.import_module("robot")
    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        seen = {topic for task in TASKS for topic in _topics_of(robot, context, task, tmp_path)}
    finally:
        rclpy.try_shutdown(context=context)
    written = {
        (names_in(topic)[0].lstrip("/"), direction, names_in(kind)[0], qos)
        for topic, direction, kind, qos, _ in rows("Topics", 5)
    }
    assert written - {("image/compressed", "in", "sensor_msgs/msg/CompressedImage", "best effort, depth 1")} == seen


def _topics_of(robot, context, task: str, folder: Path) -> Iterator[tuple[str, str, str, str]]:
    model = create(GUIDED.get(task, robot.SMALL[task]), "none", device="cpu")
    if task == "colorization":
        model.settings["input_size"] = (32, 32)  # to be quick
    save(model, folder / f"{task}.safetensors")
    parameters = {"weights": str(folder / f"{task}.safetensors"), "device": "cpu"}
    roi = {"roi_topic": "roi"} if task == "super_resolution" else {}
    with robot.Robot(context, **parameters, **roi) as one:
        yield from _topics(one.node)


def _topics(node) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, direction, type and QoS of what a node publishes and subscribes to."""
    for direction, ends in (("out", node.publishers), ("in", node.subscriptions)):
        for end in ends:
            if end.topic_name not in OF_EVERY_NODE:
                kind = f"{end.msg_type.__module__.partition('.')[0]}/msg/{end.msg_type.__name__}"
                yield end.topic_name.lstrip("/"), direction, kind, _in_words(end.qos_profile)


def _in_words(qos) -> str:
    durability = "" if qos.durability.name == "VOLATILE" else f"{qos.durability.name}, "
    return f"{qos.reliability.name}, {durability}depth {qos.depth}".lower().replace("_", " ")


def test_every_task_is_in_the_table_of_models():
    assert {row[1] for row in rows("Models", 7)} == set(TASKS)


# Commands


def test_every_verb_is_in_the_table_and_has_an_example():
    assert [names_in(name)[0] for name, _ in rows("Command line", 2)] == list(VERBS)
    assert {words[1] for words in commands("deep_perception", mentioned=False)} == set(VERBS)
    assert {words[1] for words in commands("deep_perception")} == set(VERBS)


@pytest.mark.parametrize("words", commands("deep_perception", mentioned=False), ids=" ".join)
def test_every_example_is_a_command_that_is_understood(words: list[str]):
    _, verb, *arguments = words
    parser = Parser(prog=verb, allow_abbrev=False)
    importlib.import_module(f"deep_perception.cli.{verb.replace('-', '_')}").add_arguments(parser)
    assert parser.parse_args(arguments)


def test_every_launch_command_names_a_launch_file_and_arguments_that_it_declares():
    found = commands("ros2 launch deep_perception")
    assert found
    for _, _, _, file, *arguments in found:
        texts = [(ROOT / path).read_text(encoding="utf-8") for path in (f"launch/{file}", SHARED_BY_LAUNCH_FILES)]
        declared = set(re.findall(r'"(\w+)"', "".join(texts)))
        given = {word.partition(":=")[0] for word in arguments if ":=" in word}
        assert given <= declared, f"{file} declares no {given - declared}"


def test_every_parameter_that_is_set_on_the_pages_is_live():
    live = {item.name for item in fields(PerceptionConfig) if item.metadata["live"]}
    found = commands("ros2 param set /perception")
    assert found
    assert {words[4] for words in found} <= live


def test_every_command_of_make_is_explained_and_every_explained_one_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split())
    assert {words[1] for words in commands("make")} == targets


# Pages


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), f"{named(page)} links to {target}"
        if anchor:
            assert anchor in anchors(aim), f"{named(page)} links to {target}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_measured_figure_is_missing(page: Path):
    assert "TO MEASURE" not in page.read_text(encoding="utf-8"), "fill in what `make bench` and `make demo` print"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_of_the_project_that_a_page_names_is_there(page: Path):
    folders = "deep_perception|launch|config|dev|test|docs"
    for name in names_in(page.read_text(encoding="utf-8")):
        if re.fullmatch(rf"({folders})/[\w./]+\w", name):
            assert (ROOT / name).exists(), f"{named(page)} names {name}"


def test_decisions_are_numbered_without_gaps_and_have_the_same_parts():
    assert [page.name[:4] for page in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    for page in DECISIONS:
        headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], page.name


def test_every_requirement_has_its_reason_among_the_decisions():
    requirements = (ROOT / "dev" / "requirements.txt").read_text(encoding="utf-8")
    names = [re.split(r"[=\[]", line)[0] for line in requirements.splitlines() if line and not line.startswith("#")]
    reasons = next(page for page in DECISIONS if page.name.startswith("0008")).read_text(encoding="utf-8")
    assert [name for name in names if not name.startswith("ros-") and f"`{name}`" not in reasons] == []


def test_the_newest_entry_of_the_changelog_is_for_this_version():
    versions = re.findall(r"^(\d+\.\d+\.\d+) \(.+\)\n-+$", CHANGES, re.MULTILINE)
    assert versions[0] == deep_perception.__version__


def test_pictures_are_small_enough_for_a_page():
    for picture in ROOT.glob("docs/images/*"):
        if picture.is_file():
            assert picture.stat().st_size < 250_000, picture.name
