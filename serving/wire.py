"""The detector's requests and answers as messages: the one place where the client knows the signature.

Signature `serving_bytes`: `image_bytes` string [N] to `score` float32 [N], `decision` string [N] (b"real", b"fake",
b"uncertain"), `threshold` float32 [N], and of newer models `uncertain_low` and `uncertain_high`, float32 [N], both of
them the threshold where a model has no uncertain band. Signature `explain`: the same to `score` float32 [N] and `map`
float32 [N, H, W] in [0, 1].
"""

import struct
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from serving.defaults import SIGNATURE
from serving.errors import ServingError
from serving.protos import DT_FLOAT, DT_STRING, GetModelMetadataRequest, PredictRequest, PredictResponse

FORM_ERRORS = (
    "input size does not match signature",
    "input tensor alias not found",
    "output tensor alias not found",
    "Expects arg[",
    "Unrecognized servable version label",
)
"""How the messages of TensorFlow Serving begin when the model is no detector; no image is to blame."""


class Answer(NamedTuple):
    """What the model says of one image.

    Attributes:
        score: P(fake) in [0, 1].
        decision: "real", "fake" or "uncertain".
        threshold: in [0, 1].
        uncertain_band: scores from the first to below the second are uncertain; None where none is.
    """

    score: float
    decision: str
    threshold: float
    uncertain_band: tuple[float, float] | None


def predict_request(
    images: Sequence[bytes],
    model_name: str,
    version: int | None = None,
    signature: str = SIGNATURE,
    label: str | None = None,
) -> PredictRequest:
    """The request about some images, byte for byte the one that tensorflow-serving-api would send.

    Args:
        images: contents of JPEG or PNG files.
        model_name: as the server calls it.
        version: None for the latest, or that of the label.
        signature: which one to ask.
        label: of a version, as the server's configuration has it.
    """
    request = PredictRequest()
    _specify(request.model_spec, model_name, version, label)
    request.model_spec.signature_name = signature
    tensor = request.inputs["image_bytes"]
    tensor.dtype = DT_STRING
    tensor.tensor_shape.dim.add(size=len(images))
    tensor.string_val.extend(images)
    return request


def metadata_request(
    model_name: str, version: int | None = None, label: str | None = None
) -> GetModelMetadataRequest:
    """The question which version would answer; for the arguments see `predict_request`."""
    request = GetModelMetadataRequest()
    _specify(request.model_spec, model_name, version, label)
    request.metadata_field.append("signature_def")
    return request


def _specify(spec, model_name: str, version: int | None, label: str | None) -> None:
    spec.name = model_name
    # The two are one choice of TensorFlow Serving's ModelSpec: a number is the more exact.
    if version is not None:
        spec.version.value = version
    elif label is not None:
        spec.version_label = label


def read_answers(response: PredictResponse, count: int) -> list[Answer]:
    """The answer about each image.

    Args:
        response: of the signature `serving_bytes`.
        count: how many images were sent.

    Raises:
        ServingError: an output is missing, of another type, or of another length.
    """
    scores = _floats(response, "score", count)
    thresholds = _floats(response, "threshold", count)
    decisions = [text.decode() for text in _values(response, "decision", DT_STRING, "string_val", count)]
    return [Answer(*one) for one in zip(scores, decisions, thresholds, _bands(response, count), strict=True)]


def read_map(response: PredictResponse) -> memoryview:
    """The map of the one image that was asked about, float32 (H, W) in [0, 1]; `numpy.asarray` takes it as it is.

    Args:
        response: of the signature `explain`.

    Raises:
        ServingError: there is no map, or it is of another type or shape.
    """
    # Asked for by name, a map of messages would make up a tensor that is not there: it has no type.
    tensor = response.outputs["map"]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    packed = tensor.tensor_content or array("f", tensor.float_val).tobytes()
    if tensor.dtype != DT_FLOAT or len(shape) != 3 or shape[0] != 1 or len(packed) != 4 * shape[1] * shape[2]:
        raise ServingError(
            f"expected a map of type {DT_FLOAT} and shape [1, H, W], received type {tensor.dtype}, shape {shape}: "
            "the model is no detector of this project"
        )
    return memoryview(packed).cast("f", shape[1:])


def _bands(response: PredictResponse, count: int) -> list[tuple[float, float] | None]:
    names = ("uncertain_low", "uncertain_high")
    # Models from before there was a band do not answer it.
    if not all(name in response.outputs for name in names):
        return [None] * count
    ends = (_floats(response, name, count) for name in names)
    return [(low, high) if low < high else None for low, high in zip(*ends, strict=True)]


def _floats(response: PredictResponse, name: str, count: int) -> list[float]:
    packed = response.outputs[name].tensor_content if name in response.outputs else b""
    if packed and len(packed) == 4 * count:  # a server that was built to answer in packed form
        return list(struct.unpack(f"<{count}f", packed))
    return list(_values(response, name, DT_FLOAT, "float_val", count))


def _values(response: PredictResponse, name: str, dtype: int, field: str, count: int) -> Sequence:
    if name not in response.outputs:
        raise ServingError(
            f"expected outputs score, decision, threshold, received {sorted(response.outputs)}"
        )
    tensor = response.outputs[name]
    values = getattr(tensor, field)
    if tensor.dtype != dtype or len(values) != count:
        raise ServingError(
            f"expected {count} values of type {dtype} in output {name}, "
            f"received {len(values)} of type {tensor.dtype}: the model is no detector of this project"
        )
    return values
