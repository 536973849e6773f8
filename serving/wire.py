"""The detector's requests and answers as messages: the one place where the client knows the signature.

Signature `serving_bytes`: `image_bytes` string [N] to `score` float32 [N], `decision` string [N] (b"real",
b"fake") and `threshold` float32 [N].
"""

import struct
from collections.abc import Sequence

from serving.defaults import SIGNATURE
from serving.errors import ServingError
from serving.protos import DT_FLOAT, DT_STRING, PredictRequest, PredictResponse

FORM_ERRORS = (
    "input size does not match signature",
    "input tensor alias not found",
    "output tensor alias not found",
    "Expects arg[",
    "Unrecognized servable version label",
)
"""How the messages of TensorFlow Serving begin when the model is no detector; no image is to blame."""


def predict_request(images: Sequence[bytes], model_name: str, version: int | None = None) -> PredictRequest:
    """The request about some images, byte for byte the one that tensorflow-serving-api would send.

    Args:
        images: contents of JPEG or PNG files.
        model_name: as the server calls it.
        version: None for the latest.
    """
    request = PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = SIGNATURE
    if version is not None:
        request.model_spec.version.value = version
    tensor = request.inputs["image_bytes"]
    tensor.dtype = DT_STRING
    tensor.tensor_shape.dim.add(size=len(images))
    tensor.string_val.extend(images)
    return request


def read_answers(response: PredictResponse, count: int) -> list[tuple[float, str, float]]:
    """Score, decision and threshold of each image.

    Args:
        response: of the signature above.
        count: how many images were sent.

    Raises:
        ServingError: an output is missing, of another type, or of another length.
    """
    scores = _floats(response, "score", count)
    thresholds = _floats(response, "threshold", count)
    decisions = [text.decode() for text in _values(response, "decision", DT_STRING, "string_val", count)]
    return list(zip(scores, decisions, thresholds, strict=True))


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
