"""Errors keep their code and lose TensorFlow's noise."""

import time

import grpc
import pytest
import tensorflow as tf

from serving.status import first_cause, from_exception, invalid


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("Bad image.", "Bad image."),
        ("{{function_node __inference_f_1}} Bad image.\n\t [[{{node while/Decode}}]]", "Bad image."),
        (
            "Graph execution error:\n\nBad image.\n\t [[{{node while/Decode}}]]\nOriginal stack trace",
            "Bad image.",
        ),
        (
            "Graph execution error:\n\nDetected at node 'x' defined at (most recent call last):\n"
            "  File 'a', line 1\n"
            "Node: 'x'\nBad image.\n\t [[{{node x}}]] [Op:f]",
            "Bad image.",
        ),
        (
            "2 root error(s) found.\n  (0) INVALID_ARGUMENT: {{function_node f}} Bad image.\n\t [[x]]\n"
            "  (1) INVALID_ARGUMENT: Bad image.\n0 successful operations.",
            "Bad image.",
        ),
        ("First line\nand second.", "First line and second."),
        ("", ""),
    ],
)
def test_first_cause(message, cause):
    assert first_cause(message) == cause


def test_a_message_that_quotes_a_megabyte_made_to_look_like_names_is_read_at_once():
    began = time.monotonic()
    first_cause("Could not parse example input, value: '" + "{{node " * 150_000)
    assert time.monotonic() - began < 5  # more than a minute where each looks for its end


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_tensorflow_and_grpc_share_their_codes(code):
    name = code.name.title().replace("_", "") + "Error"
    name = {"CancelledError": "CancelledError", "UnknownError": "UnknownError"}.get(name, name)

    error = getattr(tf.errors, name)(None, None, "what happened\n\t [[{{node n}}]]")

    assert (from_exception(error).code, from_exception(error).message) == (code, "what happened")


def test_other_exceptions_are_internal_and_request_errors_are_kept():
    assert from_exception(KeyError("k")).code is grpc.StatusCode.INTERNAL
    assert from_exception(KeyError("k")).message == "KeyError: 'k'"
    error = invalid("x")
    assert from_exception(error) is error
