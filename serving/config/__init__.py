"""TensorFlow Serving's configuration: its flags and its files in protobuf's text format.

`flags` (start here) reads `tensorflow_model_server`'s command line, `files` the files it names, `messages` are the
kinds of them that tensorflow-serving-api leaves out. What comes out is `serving.server_options`.
"""
