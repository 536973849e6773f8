"""Malformed gRPC requests, drawn from a seed: images, tensors, and bytes that are hardly messages."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image
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


def mutated(rng: random.Random, content: bytes, other: bytes = b"") -> bytes:
    """Bits flipped, cut, doubled, spliced, or several of these."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        what, place = rng.randrange(6), rng.randrange(len(found) + 1)
        if what == 0 and found:
            for _ in range(rng.choice((1, 2, 8, 64))):
                found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        elif what == 1:
            del found[place:]
        elif what == 2:
            del found[place : place + rng.choice((1, 4, 100))]
        elif what == 3:
            found[place:place] = rng.randbytes(rng.choice((1, 4, 100)))
        elif what == 4:
            found[place:] = other[rng.randrange(len(other) + 1) :]
        else:
            found[place:place] = found[: rng.choice((1, 8, 200))]
    return bytes(found)


def image(rng: random.Random, images: list[bytes]) -> bytes:
    """No image, hardly an image, an image of another kind, or one that says it is huge."""
    what = rng.randrange(10)
    if what < 6:
        return mutated(rng, rng.choice(images), rng.choice(images))
    if what == 6:
        return _huge(rng)
    if what == 7:
        kind = rng.choice(("WEBP", "TIFF", "BMP", "GIF", "ICO", "PPM", "TGA"))
        shape = rng.choice(((1, 1), (3, 200, 3), (40, 48, 4)))
        buffer = io.BytesIO()
        Image.fromarray(np.full(shape, 9, np.uint8)).convert("RGB").save(buffer, kind)
        return buffer.getvalue() if rng.random() < 0.5 else mutated(rng, buffer.getvalue())
    if what == 8:
        magic = rng.choice(
            (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP", b"")
        )
        return magic + rng.randbytes(rng.choice((0, 1, 30, 3000)))
    return rng.choice((b"", b"\0" * 100_000, b"<svg/>", b"{{node " * 5000, "é".encode() * 50))


def _huge(rng: random.Random) -> bytes:
    """A header that declares far more pixels than follow."""
    width, height = rng.choice(((65535, 65535), (2**31 - 1, 1), (60000, 10), (100_000, 100_000), (0, 0)))
    what = rng.randrange(3)
    if what == 0:
        header = b"IHDR" + struct.pack(
            ">IIBBBBB", width, height, rng.choice((8, 16)), rng.choice((0, 2, 6)), 0, 0, 0
        )
        data = b"IDAT" + zlib.compress(b"\0" * 1000)
        chunks = [
            struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one))
            for one in (header, data, b"IEND")
        ]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    if what == 1:
        return (
            b"GIF89a" + struct.pack("<HHBBB", width % 65536, height % 65536, 0x80, 0, 0) + rng.randbytes(60)
        )
    return (
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 200, 0, 54, 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(99)
    )


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


def _good(base_path, images: list[bytes]) -> dict[str, bytes]:
    """A right request of each method."""
    multi = inference_pb2.MultiInferenceRequest(input=classification(images[0]).input)
    for name in ("classify", "regress"):
        task = multi.tasks.add(method_name=f"tensorflow/serving/{name}")
        task.model_spec.name, task.model_spec.signature_name = "m", name
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = "m"
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "m"
    requests = {
        PREDICTION + "Predict": ask(images[:2]),
        PREDICTION + "Classify": classification(images[0]),
        PREDICTION + "Regress": classification(images[0], "regress", regression_pb2.RegressionRequest),
        PREDICTION + "MultiInference": multi,
        PREDICTION + "GetModelMetadata": metadata,
        MODEL + "GetModelStatus": status,
        RELOAD: reload_request(base_path),
    }
    return {method: request.SerializeToString() for method, request in requests.items()}


def reload_request(base_path) -> model_management_pb2.ReloadConfigRequest:
    """What the server serves from the start."""
    return model_management_pb2.ReloadConfigRequest(config=models(one("m", base_path)))


def drawing(base_path, images: list[bytes]) -> Callable[[random.Random], Call]:
    """``draw(rng)``: one malformed call."""
    good = _good(base_path, images)
    usual = [method for method in good if method != RELOAD]

    def raw(rng: random.Random) -> Call:
        method = RELOAD if rng.random() < _RELOADS else rng.choice(usual)
        if method == RELOAD and rng.random() < 0.3:
            path = rng.choice(
                ("/", "x" * 5000, "/" + "x" * 5000, "/root/x", "/\0", "é" * 1000, "/etc/shadow/x")
            )
            return Call(
                "raw",
                method,
                reload_request(
                    path.encode("unicode_escape").decode().replace("\\x", "\\\\x")
                ).SerializeToString(),
            )
        content = mutated(rng, good[method], rng.choice(list(good.values())))
        return Call("raw", method, content if rng.random() < 0.95 else rng.randbytes(200))

    def draw(rng: random.Random) -> Call:
        return rng.choice((_of_image, _of_tensor))(rng, images) if rng.random() < 0.6 else raw(rng)

    return draw
