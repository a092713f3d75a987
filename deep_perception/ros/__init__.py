"""The thin layer that speaks ROS 2: parameters, messages and nodes. Nothing outside this folder imports it."""
