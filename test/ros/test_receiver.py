"""A receiver takes every message of its topic in a thread of its own, until it is closed."""

import threading

import pytest
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSPolicyKind
from robot import wait_until
from std_msgs.msg import String

from deep_perception.ros.messages import newest_only, reliable
from deep_perception.ros.receiver import LeftToReceiver, Receiver
from deep_perception.ros.subscribing import SubscriptionEventCallbacks


@pytest.fixture
def node(context: rclpy.Context):
    node = Node("listener", context=context)
    yield node
    node.destroy_node()


@pytest.fixture
def speak(node):
    publisher = node.create_publisher(String, "words", reliable(10))

    def speak(word: str) -> None:
        wait_until(lambda: publisher.get_subscription_count() > 0, "a listener")
        publisher.publish(String(data=word))

    return speak


def receive(node, take, failed=print) -> Receiver:
    subscription = node.create_subscription(String, "words", take, reliable(10), callback_group=LeftToReceiver())
    return Receiver(node, subscription, failed)


def test_messages_arrive_in_order_without_an_executor(node, speak):
    heard, failures = [], []
    receiver = receive(node, heard.append, failures.append)
    for word in "abc":
        speak(word)
    wait_until(lambda: len(heard) == 3, "three words")
    receiver.close()
    assert [message.data for message in heard] == ["a", "b", "c"]
    assert not failures


def test_an_executor_keeps_its_hands_off(node, speak, context):
    threads = []
    receiver = receive(node, lambda _: threads.append(threading.current_thread()))
    executor = rclpy.executors.SingleThreadedExecutor(context=context)
    executor.add_node(node)
    for _ in range(5):
        speak("a")
        executor.spin_once(timeout_sec=0.05)
    wait_until(lambda: len(threads) == 5, "five words")
    receiver.close()
    executor.shutdown()
    assert {thread.name for thread in threads} == {"receiver"}


def test_what_the_middleware_tells_of_the_topic_arrives_in_the_same_thread(node):
    told = []
    events = SubscriptionEventCallbacks(incompatible_qos=lambda event: told.append((event, threading.current_thread())))
    group = LeftToReceiver()
    subscription = node.create_subscription(
        String, "words", print, reliable(10), callback_group=group, event_callbacks=events
    )
    receiver = Receiver(node, subscription, print)
    node.create_publisher(String, "words", newest_only())
    wait_until(lambda: bool(told), "word of a publisher that cannot be heard")
    receiver.close()
    [(event, thread)] = told
    assert event.last_policy_kind == QoSPolicyKind.RELIABILITY
    assert thread.name == "receiver"


def test_once_closed_nothing_is_heard_and_no_thread_stays(node, speak):
    before = threading.active_count()
    heard = []
    for _ in range(20):
        receiver = receive(node, heard.append)
        receiver.close()
    assert threading.active_count() == before
    assert not list(node.subscriptions)


def test_what_the_work_raises_is_handed_over(node, speak):
    failures = []
    receiver = receive(node, lambda message: 1 / 0, failures.append)
    speak("a")
    wait_until(lambda: bool(failures), "the failure")
    receiver.close()
    assert isinstance(failures[0], ZeroDivisionError)


def test_it_can_be_closed_after_ros_was_shut_down(node):
    receiver = receive(node, print)
    rclpy.shutdown(context=node.context)
    receiver.close()
