"""Malformed gRPC requests, drawn from a seed: images, tensors, configurations, hardly messages."""

import random
from collections.abc import Callable
from typing import NamedTuple

from google.protobuf.message import DecodeError, Message
from malformed_images import image, mutated
from serving_api import ask, classification, models, one
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    regression_pb2,
)

PREDICTION = "/tensorflow.serving.PredictionService/"
MODEL = "/tensorflow.serving.ModelService/"
RELOAD = MODEL + "HandleReloadConfigRequest"

# A model is loaded in a reload that is accepted, which takes a hundred times as long as the others.
_RELOADS = 0.05

_DTYPES = [*types_pb2.DataType.values(), 99, 150, 2**31 - 1, -1]
_PATHS = ("", "/", "x", "/" + "x" * 5000, "/root/x", "/\0", "é" * 1000, "/etc/shadow/x", "/tmp/../tmp")  # noqa: S108
_SIZES = (-1, -(2**63), 0, 1, 2, 3, 5, 32, 2**20, 2**31, 2**40, 2**62, 2**63 - 1)
_SIGNATURES = (
    "serving_bytes",
    "explain",
    "serving_default",
    "classify",
    "regress",
    "score_pixels",
    "",
    "é\U0001f600" * 900,
)


class Call(NamedTuple):
    kind: str
    method: str
    content: bytes


def tensor(rng: random.Random, images: list[bytes]) -> tensor_pb2.TensorProto:
    """A tensor that contradicts itself, or is of another kind than the model wants."""
    proto = tensor_pb2.TensorProto()
    if rng.random() < 0.95:
        proto.dtype = rng.choice(_DTYPES) if rng.random() < 0.6 else rng.choice((1, 7))
    proto.tensor_shape.unknown_rank = rng.random() < 0.05
    for _ in range(rng.choice((0, 1, 1, 2, 4, 40, 300))):
        proto.tensor_shape.dim.add(size=rng.choice(_SIZES) if rng.random() < 0.7 else 1)
    if rng.random() < 0.3:
        proto.tensor_content = rng.randbytes(rng.choice((1, 3, 4, 8, 16, 4096)))
    numbers = [rng.choice((0, 1, -1, 300, 70_000, 2**31 - 1)) for _ in range(rng.choice((1, 1, 3, 32)))]
    for field in rng.sample(
        ("float_val", "double_val", "int_val", "int64_val", "half_val", "scomplex_val"), rng.randrange(3)
    ):
        getattr(proto, field).extend(numbers)
    for field in rng.sample(("uint32_val", "uint64_val"), rng.randrange(3)):
        getattr(proto, field).extend(map(abs, numbers))
    if rng.random() < 0.3:
        proto.bool_val.append(True)
    if rng.random() < 0.4:
        proto.string_val.extend(image(rng, images) for _ in range(rng.choice((1, 2, 5))))
    if rng.random() < 0.1:
        proto.resource_handle_val.add(name="x")
        proto.variant_val.add(type_name="x")
    return proto


def _of_image(rng: random.Random, images: list[bytes]) -> Call:
    content = image(rng, images)
    if rng.random() < 0.3:
        request = classification(content, rng.choice(("classify", "")))
        return Call("image", PREDICTION + "Classify", request.SerializeToString())
    few = [content, *rng.sample(images, rng.randrange(3))]
    request = ask(few, signature=rng.choice(("serving_bytes", "serving_bytes", "explain")))
    return Call("image", PREDICTION + "Predict", request.SerializeToString())


def _of_tensor(rng: random.Random, images: list[bytes]) -> Call:
    signature = rng.choice(_SIGNATURES)
    aliases = {
        "score_pixels": "pixels",
        "classify": "inputs",
        "regress": "inputs",
        "serving_default": "examples",
    }
    alias = aliases.get(signature, "image_bytes") if rng.random() < 0.9 else "x" * rng.choice((1, 9000))
    request = ask(images[:1], signature=signature, alias=alias)
    request.inputs[alias].CopyFrom(tensor(rng, images))
    if rng.random() < 0.1:
        request.output_filter.append(rng.choice(("score", "", "\U0001f600" * 3000)))
    if rng.random() < 0.1:
        request.model_spec.version.value = rng.choice(_SIZES)
    if rng.random() < 0.1:
        request.model_spec.name = rng.choice(("", "\U0001f600" * 3000, "m\0", "../m"))
    return Call("tensor", PREDICTION + "Predict", request.SerializeToString())


def _good(base_path, images: list[bytes]) -> dict[str, Message]:
    """A right request of each method."""
    multi = inference_pb2.MultiInferenceRequest(input=classification(images[0]).input)
    for name in ("classify", "regress"):
        task = multi.tasks.add(method_name=f"tensorflow/serving/{name}")
        task.model_spec.name, task.model_spec.signature_name = "m", name
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = "m"
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "m"
    return {
        PREDICTION + "Predict": ask(images[:2]),
        PREDICTION + "Classify": classification(images[0]),
        PREDICTION + "Regress": classification(images[0], "regress", regression_pb2.RegressionRequest),
        PREDICTION + "MultiInference": multi,
        PREDICTION + "GetModelMetadata": metadata,
        MODEL + "GetModelStatus": status,
        RELOAD: reload_request(base_path),
    }


def reload_request(base_path) -> model_management_pb2.ReloadConfigRequest:
    """What the server serves from the start."""
    return model_management_pb2.ReloadConfigRequest(config=models(one("m", base_path)))


def _of_reload(rng: random.Random, base_path) -> Call:
    """Another configuration than the server's; some of them can be served."""
    request = reload_request(base_path)
    [model] = request.config.model_config_list.config
    what = rng.randrange(7)
    if what < 3:
        model.base_path = rng.choice(_PATHS)
    elif what == 3:
        model.name = rng.choice(("", "n", "m\0", "\U0001f600" * 3000))
    elif what == 4:
        model.version_labels[rng.choice(("x", ""))] = rng.choice(_SIZES)
    elif what == 5:
        policy = model.model_version_policy
        policy.specific.versions.append(rng.choice(_SIZES))
        if rng.random() < 0.5:
            policy.latest.num_versions = rng.choice((0, 1, 2**32 - 1))
    else:
        model.model_platform = rng.choice(("", "tensorflow", "x"))
        request.config.model_config_list.config.add().CopyFrom(model)
    return Call("reload", RELOAD, request.SerializeToString())


def _is_message(kind: type, content: bytes) -> bool:
    try:
        kind.FromString(content)
    except DecodeError:
        return False
    return True


def drawing(base_path, images: list[bytes]) -> Callable[[random.Random], Call]:
    """``draw(rng)``: one malformed call."""
    good = _good(base_path, images)
    usual = [method for method in good if method != RELOAD]
    contents = {method: message.SerializeToString() for method, message in good.items()}

    def raw(rng: random.Random) -> Call:
        method = RELOAD if rng.random() < _RELOADS else rng.choice(usual)
        if method == RELOAD and rng.random() < 0.6:
            return _of_reload(rng, base_path)
        # Most mutations are no message any more, which is little to learn from: some of them will do.
        for _ in range(rng.choice((1, 10, 10, 10))):
            content = mutated(rng, contents[method], rng.choice(list(contents.values())))
            if _is_message(type(good[method]), content):
                break
        return Call("raw", method, content)

    def draw(rng: random.Random) -> Call:
        return rng.choice((_of_image, _of_tensor))(rng, images) if rng.random() < 0.6 else raw(rng)

    return draw
