"""What `predict` does beside asking: the order of images and videos, the forms of an answer, the file they go to.

Light on purpose: neither TensorFlow nor TFX, and numpy only once there is a video.
"""
