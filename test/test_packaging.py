"""The package installs whole, declares what it imports, and keeps ROS behind one door."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import deep_perception

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "deep_perception"
MANIFEST = ET.parse(ROOT / "package.xml").getroot()

BLOCK = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {blocked!r} or name == 'deep_perception.ros':
            raise ModuleNotFoundError(f'{{name}} is not to be imported here', name=name)

sys.meta_path.insert(0, Missing())
"""

RECORD = """
import json, setuptools
setuptools.setup = lambda **arguments: print(json.dumps(arguments))
exec(open('setup.py').read())
"""

PIP_NAMES = {
    "PIL": "pillow",
    "cv2": "opencv-contrib-python-headless",
    "faster_coco_eval": "faster-coco-eval",
    "lightning_fabric": "lightning-fabric",
    "matplotlib": "matplotlib",
    "mcap": "mcap",
    "numpy": "numpy",
    "rich": "rich",
    "rosbags": "rosbags",
    "safetensors": "safetensors",
    "spandrel": "spandrel",
    "torch": "torch",
    "torchmetrics": "torchmetrics",
    "torchvision": "torchvision",
    "yaml": "PyYAML",
    "zstandard": "zstandard",
}
"""What is imported from outside ROS, and what a registry calls it."""


def run(code: str) -> str:
    """Run Python in a fresh process from the project's root and return what it prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def setup_py() -> dict[str, Any]:
    """What setup.py tells an installer."""
    return dict(json.loads(run(RECORD)))


def foreign(files: Iterable[Path]) -> set[str]:
    """Return the top-level names of what these files import from others."""
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    chosen = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | chosen} - sys.stdlib_module_names - {"deep_perception"}


def core_modules() -> list[str]:
    files = [file.relative_to(ROOT) for file in PACKAGE.rglob("*.py") if file.name != "__main__.py"]
    dotted = [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]
    return sorted(name for name in dotted if not name.startswith("deep_perception.ros"))


def ros_packages() -> set[str]:
    """Names that package.xml declares and a ROS distribution, not pip, provides."""
    declared = {element.text or "" for element in MANIFEST.iter("exec_depend")}
    return {name for name in declared if not name.startswith("python3-")}


def test_every_file_that_states_the_version_states_the_same(setup_py: dict[str, Any]) -> None:
    assert setup_py["version"] == MANIFEST.findtext("version") == deep_perception.__version__


def test_the_core_imports_where_ros_is_not_installed() -> None:
    blocked = ros_packages()
    assert {"rclpy", "sensor_msgs", "vision_msgs"} <= blocked
    run(BLOCK.format(blocked=blocked) + "".join(f"import {name}\n" for name in core_modules()))


def test_predictions_errors_config_and_pixels_need_no_torch() -> None:
    names = ("predictions", "errors", "config", "pixels")
    run(BLOCK.format(blocked={"torch", "torchvision"}) + "".join(f"import deep_perception.{name}\n" for name in names))


def test_package_xml_declares_every_ros_package_that_is_imported() -> None:
    used = foreign([*PACKAGE.rglob("*.py"), *ROOT.glob("launch/*.py")])
    assert used - set(PIP_NAMES) <= ros_packages()


def test_setup_py_requires_every_library_that_is_imported_and_no_other(setup_py: dict[str, Any]) -> None:
    required = {line.partition("<")[0] for line in setup_py["install_requires"]}
    assert {PIP_NAMES[name] for name in foreign(PACKAGE.rglob("*.py")) & set(PIP_NAMES)} == required


def test_every_module_and_data_file_is_installed(setup_py: dict[str, Any]) -> None:
    folders = {str(file.parent.relative_to(ROOT)).replace("/", ".") for file in PACKAGE.rglob("*.py")}
    assert folders == set(setup_py["packages"])
    installed = {name for _, files in setup_py["data_files"] for name in files}
    wanted = [*ROOT.glob("launch/*"), *ROOT.glob("config/*"), ROOT / "package.xml", ROOT / "resource/deep_perception"]
    assert installed == {str(file.relative_to(ROOT)) for file in wanted if file.is_file()}


def test_every_file_beside_the_code_is_installed(setup_py: dict[str, Any]) -> None:
    installed = {file for pattern in setup_py["package_data"]["deep_perception"] for file in PACKAGE.glob(pattern)}
    assert PACKAGE / "py.typed" in installed
    assert {file for file in PACKAGE.rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")} == installed


def test_every_executable_leads_to_a_function(setup_py: dict[str, Any]) -> None:
    targets = [line.partition("=")[2].strip().split(":") for line in setup_py["entry_points"]["console_scripts"]]
    here = [(module, function) for module, function in targets if ".ros." not in module or find_spec("rclpy")]
    run("".join(f"from {module} import {function}; assert callable({function})\n" for module, function in here))


def test_no_file_names_a_package_registry() -> None:
    # Written so that the pattern does not find itself.
    hosts = "py[p]i[.]org|python[h]osted[.]org|deb[.]debia[n][.]org|npm[j]s[.]"
    search = ["git", "grep", "-lIE", "--untracked", hosts]
    found = subprocess.run(search, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode > 1:
        pytest.skip("not a git checkout")
    assert found.stdout == ""
