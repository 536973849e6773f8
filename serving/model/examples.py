"""Classify and Regress: a signature that takes serialized tf.Examples, asked as TensorFlow Serving asks it.

The rules and messages are those of its `classifier.cc`, `regressor.cc` and `multi_inference.cc`, with the check of
`method_name` off, as is its default for models of TensorFlow 2.
"""

from collections.abc import Iterable

import grpc
import numpy as np
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from serving.model.session_model import DEFAULT_SIGNATURE, SessionModel
from serving.model.tensors import to_proto
from serving.status import RequestError, invalid

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
"""Names of the two methods, in a MultiInference task."""

_INPUT = "inputs"
_CLASSES, _SCORES, _VALUES = "classes", "scores", "outputs"


def classify(
    model: SessionModel, signature_name: str, examples: input_pb2.Input, timeout_s: float | None = None
) -> classification_pb2.ClassificationResult:
    """Runs a signature of `inputs` to `classes` (string [N, C]), `scores` (float32 [N, C]) or both.

    Args:
        model: the version to ask.
        signature_name: empty for `serving_default`.
        examples: the tf.Examples, with or without a common context.
        timeout_s: as `SessionModel.predict`.

    Raises:
        RequestError: with the code and message that TensorFlow Serving would answer.
    """
    outputs = _classification_outputs(model, _known(model, signature_name))
    arrays, count = _run(model, signature_name, outputs, examples, timeout_s)
    return _classification(arrays, count)


def regress(
    model: SessionModel, signature_name: str, examples: input_pb2.Input, timeout_s: float | None = None
) -> regression_pb2.RegressionResult:
    """Runs a signature of `inputs` to `outputs` (float32 [N] or [N, 1]). Otherwise as `classify`."""
    outputs = _regression_outputs(model, _known(model, signature_name))
    arrays, count = _run(model, signature_name, outputs, examples, timeout_s)
    return _regression(arrays, count)


def infer(
    model: SessionModel,
    tasks: Iterable[inference_pb2.InferenceTask],
    examples: input_pb2.Input,
    timeout_s: float | None = None,
) -> list[inference_pb2.InferenceResult]:
    """Runs several such signatures on the same tf.Examples: a result a task, its `model_spec` left to the caller.

    Raises:
        RequestError: as `classify`; INVALID_ARGUMENT too for a signature that is asked twice or is not there,
            UNIMPLEMENTED for another method.
    """
    checks = {CLASSIFY: _classification_outputs, REGRESS: _regression_outputs}
    wanted: dict[str, tuple[str, list[str]]] = {}
    for task in tasks:
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name in wanted:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        if name not in model.signatures:
            raise invalid(f"Requested signature not found in model graph: {name}")
        if task.method_name not in checks:
            raise RequestError(
                grpc.StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        wanted[name] = task.method_name, checks[task.method_name](model, name)
    results = []
    for name, (method, outputs) in wanted.items():
        arrays, count = _run(model, name, outputs, examples, timeout_s)
        result = inference_pb2.InferenceResult()
        if method == CLASSIFY:
            result.classification_result.CopyFrom(_classification(arrays, count))
        else:
            result.regression_result.CopyFrom(_regression(arrays, count))
        results.append(result)
    return results


def _known(model: SessionModel, signature_name: str) -> str:
    name = signature_name or DEFAULT_SIGNATURE
    if name not in model.signatures:
        raise invalid(f"No signature was found with the name: {name}")
    return name


def _classification_outputs(model: SessionModel, name: str) -> list[str]:
    """Aliases to fetch; refuses a signature of another form."""
    definition = model.signatures[name].definition
    if len(definition.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(definition.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(definition.outputs)}")
    if _INPUT not in definition.inputs:
        raise _precondition(f"No classification inputs found in SignatureDef: {definition}")
    found = [alias for alias in (_CLASSES, _SCORES) if alias in definition.outputs]
    if not found:
        raise _precondition(
            f'Expected classification signature outputs to contain at least one of "{_CLASSES}" or "{_SCORES}". '
            f"Signature was: {definition}"
        )
    return found


def _regression_outputs(model: SessionModel, name: str) -> list[str]:
    definition = model.signatures[name].definition
    if len(definition.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(definition.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if _INPUT not in definition.inputs:
        raise _precondition(f"No regression inputs found in SignatureDef: {definition}")
    if _VALUES not in definition.outputs:
        raise _precondition(f"No regression outputs found in SignatureDef: {definition}")
    return [_VALUES]


def _precondition(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.FAILED_PRECONDITION, message)


def _run(
    model: SessionModel,
    signature_name: str,
    outputs: list[str],
    examples: input_pb2.Input,
    timeout_s: float | None,
) -> tuple[dict[str, np.ndarray], int]:
    serialized = _serialized(examples)
    if not serialized:
        raise invalid("Input is empty.")
    arrays = model.predict(
        {_INPUT: to_proto(np.array(serialized, object))},
        signature_name=signature_name,
        output_filter=outputs,
        timeout_s=timeout_s,
    )
    return arrays, len(serialized)


def _serialized(examples: input_pb2.Input) -> list[bytes]:
    if examples.WhichOneof("kind") == "example_list_with_context":
        # Parsers of protobuf merge what stands one after the other.
        context = examples.example_list_with_context.context.SerializeToString()
        return [context + one.SerializeToString() for one in examples.example_list_with_context.examples]
    return [one.SerializeToString() for one in examples.example_list.examples]


def _classification(arrays: dict[str, np.ndarray], count: int) -> classification_pb2.ClassificationResult:
    classes, scores = arrays.get(_CLASSES), arrays.get(_SCORES)
    for alias, array, expected in ((_CLASSES, classes, object), (_SCORES, scores, np.float32)):
        if array is None:
            continue
        if array.ndim != 2:
            raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {list(array.shape)}")
        if array.dtype != expected:
            kind = "DT_STRING" if alias == _CLASSES else "DT_FLOAT"
            raise invalid(f"Expected {alias} Tensor of {kind}. Got: {array.dtype.name}")
        if len(array) != count:
            raise invalid(f"Expected {alias} output batch size of {count}. Got: {len(array)}")
    if classes is not None and scores is not None and classes.shape != scores.shape:
        raise invalid(
            "Tensors class and score should match in dim_size(1). "
            f"Got {classes.shape[1]} vs. {scores.shape[1]}"
        )
    result = classification_pb2.ClassificationResult()
    for row in range(count):
        line = result.classifications.add()
        for column in range((classes if scores is None else scores).shape[1]):
            line.classes.add(
                label="" if classes is None else classes[row, column].decode("utf-8", "replace"),
                score=0.0 if scores is None else float(scores[row, column]),
            )
    return result


def _regression(arrays: dict[str, np.ndarray], count: int) -> regression_pb2.RegressionResult:
    values = arrays[_VALUES]
    if values.shape not in ((count,), (count, 1)):
        raise invalid(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {list(values.shape)}"
        )
    if values.dtype != np.float32:
        raise invalid(f"Expected output Tensor of DT_FLOAT. Got: {values.dtype.name}")
    result = regression_pb2.RegressionResult()
    for value in values.ravel().tolist():
        result.regressions.add(value=value)
    return result
