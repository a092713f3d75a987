"""Install the package, for colcon (ament_python) and for plain pip."""

from glob import glob
from xml.etree import ElementTree as ET

from setuptools import find_packages, setup

# What ROS reads in package.xml is written there only.
manifest = {element.tag: element for element in ET.parse("package.xml").getroot()}
name = manifest["name"].text

setup(
    name=name,
    version=manifest["version"].text,
    description=manifest["description"].text,
    license=manifest["license"].text,
    maintainer=manifest["maintainer"].text,
    maintainer_email=manifest["maintainer"].attrib["email"],
    packages=find_packages(include=["deep_perception", "deep_perception.*"]),
    package_data={"deep_perception": ["py.typed", "weights/*.safetensors", "ros/*.xml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/deep_perception"]),
        ("share/deep_perception", ["package.xml"]),
        ("share/deep_perception/launch", sorted(glob("launch/*.launch.py"))),
        ("share/deep_perception/config", sorted(glob("config/*"))),
    ],
    python_requires=">=3.10",
    install_requires=[
        "faster-coco-eval",
        "lightning-fabric",
        "matplotlib",
        "mcap",
        "numpy",
        "opencv-contrib-python-headless<5",
        "pillow",
        "PyYAML",
        "rich",
        "rosbags",
        "safetensors",
        "spandrel",
        "torch",
        "torchmetrics",
        "torchvision",
        "zstandard",
    ],
    # colcon test runs pytest where it finds it named here.
    extras_require={"ray": ["ray"], "tensorboard": ["tensorboard"], "test": ["pycocotools", "pytest<9"]},
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "collector_node = deep_perception.ros.collector_node:main",
            "deep_perception = deep_perception.cli:main",
            "perception_container = deep_perception.ros.perception_container:main",
            "perception_node = deep_perception.ros.perception_node:main",
            "scene_camera = deep_perception.ros.scene_camera:main",
        ],
    },
)
