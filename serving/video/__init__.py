"""Verdicts about videos: frames at a stated rate, faces in them if asked for, and one statement about all of it.

`judging` (start here) asks a `client.Client` about what `frames` samples and `faces` cuts out. This folder alone on
the client's side may use numpy, PyAV and OpenCV (the extra `video`), and loads them when a video is judged;
TensorFlow and TFX never.
"""
