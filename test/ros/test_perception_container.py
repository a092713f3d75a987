"""Several models in one process: shared pictures, one worker, nodes that stay their own masters."""

import array
import threading

import cv2
import pytest
import rclpy
import yaml
from robot import SMALL, Crew, belonging, picture, wait_until
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification, Detection2DArray

from deep_perception import pixels
from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.ros.frame import TRANSPORTS
from deep_perception.ros.messages import ANSWERS
from deep_perception.ros.perception_container import PerceptionContainer
from deep_perception.tasks import TASKS

WORKERS = {task.worker: name for name, task in TASKS.items()}


def small(*workers: str, **more) -> dict:
    """Describe quick models of these tasks, by the names of their workers."""
    common = {"weights": "none", "score_threshold": 0.0, "max_detections": 5, **more}
    return {worker: {"model": SMALL[WORKERS[worker]], **common} for worker in workers}


@pytest.fixture
def written(tmp_path):
    """Write a setup file and return its path."""

    def write(models: dict, cameras: dict | None = None) -> str:
        path = tmp_path / "setup.yaml"
        path.write_text(yaml.safe_dump({"models": models, "cameras": cameras}, sort_keys=False))
        return str(path)

    return write


@pytest.fixture
def told(request):
    """A context that was given arguments, as the command line of a process."""
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", *request.param], context=context)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def decoded(monkeypatch):
    """The pictures that were decoded."""
    read = []

    def counted(message) -> object:
        read.append(message.header.stamp.sec)
        return pixels.to_rgb(message)

    monkeypatch.setitem(TRANSPORTS, "raw", TRANSPORTS["raw"]._replace(read=counted))
    return read


def topics(crew: Crew, worker: str) -> set[str]:
    """Return what a node publishes of its own accord."""
    theirs = {one.topic_name for one in crew.of[worker].publishers}
    return {name for name in theirs if not name.endswith(("/parameter_events", "/rosout", "/transition_event"))}


def test_a_picture_is_received_and_decoded_once_and_every_task_answers_for_it(context, written, decoded):
    with Crew(context, setup=written(small(*WORKERS)), device="cpu") as crew:
        assert list(crew.of) == list(WORKERS)
        receivers = [one for node in crew.nodes for one in node.subscriptions if one.topic_name == "/image"]
        assert len(receivers) == 1
        heard = {}
        for worker, task in WORKERS.items():
            output = ANSWERS[task][0]
            below = "instance_segmenter/" if worker == "instance_segmenter" else ""
            heard[worker] = crew.hear(output.message, f"{below}{output.topic}")
        for worker, answers in heard.items():
            crew.ask(answers, picture(1.0 + len(worker)))
        decoded.clear()
        shown = crew.show(picture(100.0))
        for answers in heard.values():
            assert belonging(answers, shown.header).header == shown.header
        assert decoded == [100]


def test_what_several_nodes_have_carries_the_name_of_the_node(context, written):
    setup = written(small("detector", "instance_segmenter", "upscaler"))
    with Crew(context, setup=setup, device="cpu", autostart=False) as crew:
        for worker, own in {
            "detector": {"/detections"},
            "instance_segmenter": {"/instance_segmenter/detections", "/instance_mask"},
            "upscaler": {"/image_upscaled", "/image_upscaled/camera_info"},
        }.items():
            crew.of[worker].trigger_configure()
            below = {f"/{worker}/{topic}" for topic in ("label_info", "vision_info", "image_annotated")}
            assert topics(crew, worker) == {"/diagnostics", *below, *own}


def test_two_models_of_one_task_have_no_topic_in_common(context, written):
    one = small("detector")["detector"]
    setup = written({"near": one, "far": one}, {"front": {"models": ["near", "far"]}, "rear": {"models": ["far"]}})
    with Crew(context, setup=setup, device="cpu", autostart=False) as crew:
        assert crew.of["far"].post.topic("rear/", "detections") == "rear/far/detections"
        assert crew.of["near"].post.topic("front/", "detections") == "front/near/detections"


def test_models_that_look_at_different_cameras_keep_the_plain_names(context, written):
    one = small("detector")["detector"]
    setup = written({"near": one, "far": one}, {"front": {"models": ["near"]}, "rear": {"models": ["far"]}})
    with Crew(context, setup=setup, device="cpu", autostart=False) as crew:
        assert crew.of["far"].post.topic("rear/", "detections") == "rear/detections"


def test_a_model_that_several_cameras_name_is_loaded_once_and_reads_each_as_it_is_sent(context, written):
    cameras = {
        "front": {"image": "/front_driver/image_raw", "models": ["detector"]},
        "rear": {"image_transport": "compressed", "models": ["detector", "classifier"]},
    }
    setup = written(small("detector", "classifier"), cameras)
    with Crew(context, setup=setup, device="cpu") as crew:
        detector, classifier = crew.of["detector"], crew.of["classifier"]
        assert [camera.topic for camera in detector._cameras] == ["/front_driver/image_raw", "/rear/image/compressed"]
        assert [camera.name for camera in classifier._cameras] == ["rear"]
        crew.ask(crew.hear(Detection2DArray, "front/detections"), picture(), "/front_driver/image_raw")
        shown = CompressedImage(format="png", data=png())
        classes = crew.hear(Classification, "rear/classification")
        answer = crew.ask(crew.hear(Detection2DArray, "rear/detections"), shown, "rear/image/compressed")
        belonging(classes, answer.header)


def png() -> array.array:
    return array.array("B", cv2.imencode(".png", pixels.to_rgb(picture()))[1].tobytes())


COMMON = ["-p", "device:=cpu", "-p", "class_id:=index", "-p", "top_k:=3"]
OWN = ["-p", "detector:top_k:=2", "-p", "classifier:max_detections:=7", "-r", "classifier:image:=elsewhere"]


@pytest.mark.parametrize("told", [[*COMMON, *OWN]], indirect=True)
def test_a_parameter_is_the_nodes_own_or_the_setups_or_that_of_all(told, written):
    with Crew(told, setup=written(small("detector", "classifier", "proposer"))) as crew:
        of = {name: node.config for name, node in crew.of.items()}
        assert {config.device for config in of.values()} == {"cpu"}
        assert {config.class_id for config in of.values()} == {"index"}
        assert [of[name].top_k for name in ("detector", "classifier")] == [2, 3], "its own goes before that of all"
        assert [of[name].max_detections for name in ("detector", "classifier")] == [5, 7], "and before the setup"
        assert [crew.of[name]._cameras[0].topic for name in crew.of] == ["/image", "/elsewhere", "/image"]


ELSEWHERE = ["-r", "__ns:=/robot", "-r", "__node:=eyes", "-p", "use_sim_time:=true"]


@pytest.mark.parametrize("told", [ELSEWHERE], indirect=True)
def test_a_namespace_and_simulated_time_are_for_all_and_a_name_for_the_container(told, written):
    with Crew(told, setup=written(small("detector", "classifier")), start=False) as crew:
        names = [node.get_fully_qualified_name() for node in crew.nodes]
        assert names == ["/robot/detector", "/robot/classifier", "/robot/eyes"]
        assert [node.get_parameter("use_sim_time").value for node in crew.nodes] == [True] * 3


def test_each_task_has_its_default_model_unless_a_file_names_another(context):
    with Crew(context, start=False, tasks=["detector", "super_resolution"], device="cpu") as crew:
        assert list(crew.of) == ["detector", "upscaler"]
        with pytest.raises(DeepPerceptionError, match="no weights cached for ssdlite320_mobilenet_v3_large"):
            crew.container.autostart()


def test_a_container_that_cannot_start_lets_go_of_what_it_has_begun(context, written):
    setup = written({**small("classifier"), "segmenter": {"weights": "none", "model": "auto", "classes": ["unicorn"]}})
    with Crew(context, start=False, setup=setup, device="cpu") as crew:
        with pytest.raises(DeepPerceptionError, match="unknown class 'unicorn'"):
            crew.container.autostart()
        assert not at_work()


def at_work() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name in ("perception", "receiver")]


@pytest.fixture(autouse=True)
def empty_cache(cache):
    """Keep the user's weights out of it."""


def test_a_swap_in_one_node_leaves_the_others_alone(context, written):
    with Crew(context, setup=written(small("detector", "classifier")), device="cpu") as crew:
        detections, classes = crew.hear(Detection2DArray, "detections"), crew.hear(Classification, "classification")
        crew.ask(detections, picture())
        other = crew.of["detector"].duty
        result = crew.of["classifier"].set_parameters_atomically([rclpy.Parameter("model", value="lenet5")])
        assert result.successful, result.reason
        assert crew.of["detector"].duty is other
        answer = crew.ask(classes, picture(50.0))
        assert {one.class_id for one in answer.results} <= set("0123456789")
        assert belonging(detections, answer.header)


def test_a_node_keeps_to_its_task(context, written):
    with Crew(context, setup=written(small("detector")), device="cpu") as crew:
        result = crew.of["detector"].set_parameters_atomically([rclpy.Parameter("model", value="lenet5")])
        assert not result.successful
        assert "lenet5 is for classification, expected one for detection, since task is detector" in result.reason


def test_a_picture_that_one_model_cannot_do_is_answered_by_the_others(context, written):
    setup = written({**small("detector"), **small("upscaler", scale=4)})
    with Crew(context, setup=setup, device="cpu") as crew:
        detections, large = crew.hear(Detection2DArray, "detections"), picture(7.0, height=3000, width=3000)
        upscaled = crew.hear(Image, "image_upscaled")
        crew.ask(upscaled, picture())
        answer = crew.ask(detections, large)
        dropped = crew.of["upscaler"]._cameras[0].health.snapshot
        wait_until(lambda: dropped().dropped.get("cannot be done: too large", 0) > 0, "the drop")
        assert answer.header.stamp.sec == 7
        crew.ask(upscaled, picture(8.0))


def test_while_one_model_is_slow_the_others_get_the_newest_picture_next(context, written):
    with Crew(context, setup=written(small("detector", "classifier")), device="cpu") as crew:
        detections, classes = crew.hear(Detection2DArray, "detections"), crew.hear(Classification, "classification")
        crew.ask(detections, picture())
        crew.ask(classes, picture(6.0))
        began, go_on, predict = threading.Event(), threading.Event(), crew.of["detector"].duty.model._predict

        def slow(*arguments):
            began.set()
            assert go_on.wait(60)
            return predict(*arguments)

        crew.of["detector"].duty.model._predict = slow
        crew.show(picture(100.0))
        assert began.wait(20)
        for second in range(101, 106):
            crew.show(picture(float(second)))
        waiting = crew.of["detector"].workplace.turns._frames._waiting
        wait_until(lambda: [one.frame.header.stamp.sec for one in waiting.values()] == [105, 105], "the newest")
        go_on.set()
        wait_until(lambda: detections[-1].header.stamp.sec == classes[-1].header.stamp.sec == 105, "both answers")
        assert [one.header.stamp.sec for one in detections if one.header.stamp.sec >= 100] == [100, 105]
        assert [one.header.stamp.sec for one in classes if one.header.stamp.sec > 100] == [105]


def test_one_node_can_rest_while_the_others_work(context, written):
    with Crew(context, setup=written(small("detector", "classifier")), device="cpu") as crew:
        detections, classes = crew.hear(Detection2DArray, "detections"), crew.hear(Classification, "classification")
        crew.ask(detections, picture())
        crew.of["detector"].trigger_deactivate()
        count = len(detections)
        crew.ask(classes, picture(20.0))
        assert len(detections) == count
        crew.of["classifier"].trigger_deactivate()
        wait_until(lambda: crew.peer.count_subscribers("image") == 0, "the container to unsubscribe")
        assert not at_work()
        crew.of["detector"].trigger_activate()
        crew.ask(detections, picture(30.0))


def test_the_pictures_of_other_nodes_are_no_camera(context, written):
    with Crew(context, setup=written(small("detector", "upscaler")), device="cpu") as crew:
        camera = crew.of["detector"]._cameras[0]
        seen = lambda: {name for name, _ in crew.peer.get_topic_names_and_types()}  # noqa: E731
        wait_until(lambda: "/image_upscaled" in seen(), "the topics")
        assert "No other topic carries pictures" in camera.explain_silence()
        assert [node._cameras[0].speaks() for node in crew.container.nodes] == [True, False], "one speaks for all"


def test_every_setting_of_a_node_may_be_given_to_all(context, written):
    setup = written({"classifier": {"model": "lenet5", "weights": "none"}})
    common = {"top_k": 4, "max_rate_hz": 2.5, "autostart": False}
    with Crew(context, setup=setup, device="cpu", **common) as crew:
        got = crew.of["classifier"].config
        assert {name: getattr(got, name) for name in common} == common
        assert got == PerceptionConfig(model="lenet5", weights="none", device="cpu", task="classifier", **common)


@pytest.mark.parametrize("told", [["-p", "tasks:=[classifier]", "-p", "score_treshold:=0.5"]], indirect=True)
def test_an_unknown_parameter_of_all_nodes_is_an_error_that_names_the_nearest(told):
    with pytest.raises(ConfigError, match="unknown parameter 'score_treshold'. Nearest: score_threshold"):
        PerceptionContainer(context=told)
