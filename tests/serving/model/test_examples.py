"""Classify, Regress and MultiInference on models of known answers; the refusals are TensorFlow Serving's."""

from types import SimpleNamespace

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import inference_pb2, input_pb2

from serving.model.examples import CLASSIFY, REGRESS, classify, infer, regress
from serving.model.tensors import to_array
from serving.status import RequestError

INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
NAMES = np.array([[b"real", b"fake"]] * 2, object)
SCORES = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)


class Model:
    """Answers each signature with the arrays it was made of, and notes what it was sent."""

    def __init__(self, inputs=("inputs",), **signatures):
        self.signatures, self.arrays, self.sent = {}, signatures, []
        for name, arrays in signatures.items():
            definition = meta_graph_pb2.SignatureDef()
            for alias in inputs:
                definition.inputs[alias].name = f"{alias}:0"
            for alias in arrays:
                definition.outputs[alias].name = f"{alias}:0"
            self.signatures[name] = SimpleNamespace(definition=definition)

    def predict(self, inputs, *, signature_name, output_filter, timeout_s):
        self.sent.append((signature_name, to_array(inputs["inputs"]).tolist(), timeout_s))
        arrays = self.arrays[signature_name or "serving_default"]
        return {alias: arrays[alias] for alias in output_filter}


def rows(count=2, context=None) -> input_pb2.Input:
    found = input_pb2.Input()
    if context is None:
        target = found.example_list.examples
    else:
        found.example_list_with_context.context.features.feature["c"].int64_list.value.append(context)
        target = found.example_list_with_context.examples
    for number in range(count):
        target.add().features.feature["n"].int64_list.value.append(number)
    return found


def refused(call, *arguments) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    return caught.value.code, caught.value.message


def test_classes_and_scores():
    model = Model(s={"classes": NAMES, "scores": SCORES})
    result = classify(model, "s", rows(), 1.5)
    assert [[(one.label, one.score) for one in line.classes] for line in result.classifications] == [
        [("real", 0.75), ("fake", 0.25)],
        [("real", 0.5), ("fake", 0.5)],
    ]
    [(name, sent, timeout_s)] = model.sent
    assert (name, timeout_s) == ("s", 1.5)
    numbers = [tf.train.Example.FromString(one).features.feature["n"].int64_list.value[0] for one in sent]
    assert numbers == [0, 1]


@pytest.mark.parametrize(("alias", "expected"), [("classes", ("fake", 0.0)), ("scores", ("", 0.25))])
def test_one_of_the_two_is_enough(alias, expected):
    model = Model(serving_default={alias: {"classes": NAMES, "scores": SCORES}[alias]})
    line = classify(model, "", rows()).classifications[0]
    assert (line.classes[1].label, line.classes[1].score) == expected


def test_a_context_goes_into_each_example():
    model = Model(s={"scores": SCORES})
    classify(model, "s", rows(context=9))
    examples = [tf.train.Example.FromString(one).features.feature for one in model.sent[0][1]]
    assert [(one["c"].int64_list.value[0], one["n"].int64_list.value[0]) for one in examples] == [
        (9, 0),
        (9, 1),
    ]


@pytest.mark.parametrize("values", [np.array([0.5, 2.0], np.float32), np.array([[0.5], [2.0]], np.float32)])
def test_values(values):
    result = regress(Model(s={"outputs": values}), "s", rows())
    assert [one.value for one in result.regressions] == [0.5, 2.0]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"scores": SCORES[0]}, "Expected Tensor shape: [batch_size num_classes] but got [2]"),
        ({"scores": SCORES.astype(np.float64)}, "Expected scores Tensor of DT_FLOAT. Got: float64"),
        ({"classes": SCORES}, "Expected classes Tensor of DT_STRING. Got: float32"),
        ({"scores": SCORES[:1]}, "Expected scores output batch size of 2. Got: 1"),
        ({"classes": NAMES, "scores": SCORES[:, :1]}, "should match in dim_size(1). Got 2 vs. 1"),
        ({"a": SCORES, "b": SCORES, "scores": SCORES}, "Expected one or two output Tensors, found 3"),
    ],
)
def test_classes_of_a_wrong_form(arrays, words):
    code, message = refused(classify, Model(s=arrays), "s", rows())
    assert code is INVALID
    assert words in message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((2, 2), np.float32), "either [batch_size] or [batch_size, 1] but got [2, 2]"),
        (np.zeros(3, np.float32), "but got [3]"),
        (np.zeros(2), "Expected output Tensor of DT_FLOAT. Got: float64"),
    ],
)
def test_values_of_a_wrong_form(values, words):
    code, message = refused(regress, Model(s={"outputs": values}), "s", rows())
    assert code is INVALID
    assert words in message


@pytest.mark.parametrize(
    ("call", "model", "code", "words"),
    [
        (classify, Model(t={"scores": SCORES}), INVALID, "No signature was found with the name: s"),
        (classify, Model(("inputs", "x"), s={"scores": SCORES}), INVALID, "Expected one input Tensor."),
        (classify, Model(("x",), s={"scores": SCORES}), PRECONDITION, "No classification inputs found"),
        (classify, Model(s={"score": SCORES}), PRECONDITION, 'at least one of "classes" or "scores"'),
        (regress, Model(s={"outputs": SCORES, "x": SCORES}), INVALID, "Expected one output Tensor."),
        (regress, Model(("x",), s={"outputs": SCORES}), PRECONDITION, "No regression inputs found"),
        (regress, Model(s={"x": SCORES}), PRECONDITION, "No regression outputs found"),
    ],
)
def test_a_signature_of_another_kind_is_never_run(call, model, code, words):
    received, message = refused(call, model, "s", rows())
    assert received is code
    assert words in message
    assert model.sent == []


def test_no_examples():
    for empty in (input_pb2.Input(), rows(0), rows(0, context=1)):
        assert refused(classify, Model(s={"scores": SCORES}), "s", empty) == (INVALID, "Input is empty.")


def task(method, signature=""):
    found = inference_pb2.InferenceTask(method_name=method)
    found.model_spec.signature_name = signature
    return found


BOTH = {"serving_default": {"scores": SCORES}, "r": {"outputs": np.array([1.0, 2.0], np.float32)}}


def test_several_at_once_in_the_order_of_the_tasks():
    results = infer(Model(**BOTH), [task(REGRESS, "r"), task(CLASSIFY)], rows())
    assert [one.WhichOneof("result") for one in results] == ["regression_result", "classification_result"]
    assert [one.value for one in results[0].regression_result.regressions] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("tasks", "code", "words"),
    [
        (
            [task(CLASSIFY), task(REGRESS, "serving_default")],
            INVALID,
            "Duplicate evaluation of signature: serving_default",
        ),
        ([task(CLASSIFY, "x")], INVALID, "Requested signature not found in model graph: x"),
        (
            [task("tensorflow/serving/predict")],
            grpc.StatusCode.UNIMPLEMENTED,
            "Unsupported signature method_name: tensorflow/serving/predict",
        ),
        ([task(CLASSIFY), task(CLASSIFY, "r")], PRECONDITION, "Expected classification signature outputs"),
    ],
)
def test_nothing_runs_unless_all_can(tasks, code, words):
    model = Model(**BOTH)
    received, message = refused(infer, model, tasks, rows())
    assert received is code
    assert words in message
    assert model.sent == []
