"""The server as the unmodified tensorflow-serving-api client sees it."""

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc
from tiny_detector import SIGNATURES


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server.address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def request_for(
    images, *, name="m", signature="serving_bytes", alias="image_bytes"
) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    request.inputs[alias].CopyFrom(tf.make_tensor_proto(images))
    return request


def refusal(call, request) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=20)
    return caught.value.code(), caught.value.details()


def test_scores_equal_keras_and_come_in_typed_fields(stub, detector):
    response = stub.Predict(request_for(detector.images), timeout=20)

    assert set(response.outputs) == {"score", "decision", "threshold", "uncertain_low", "uncertain_high"}
    score = response.outputs["score"]
    assert list(score.float_val) == pytest.approx(detector.scores, abs=1e-5)
    assert [dim.size for dim in score.tensor_shape.dim] == [len(detector.images)]
    assert not score.tensor_content
    expected = [b"fake" if score >= detector.threshold else b"real" for score in detector.scores]
    assert list(response.outputs["decision"].string_val) == expected
    assert set(expected) == {b"fake", b"real"}, "the example should show both decisions"
    assert list(response.outputs["threshold"].float_val) == pytest.approx(
        [detector.threshold] * len(expected)
    )


def test_the_answer_says_who_gave_it(stub, detector):
    spec = stub.Predict(request_for(detector.images[:1]), timeout=20).model_spec

    assert (spec.name, spec.version.value, spec.signature_name) == ("m", 123, "serving_bytes")


def test_a_pinned_version_and_the_default_signature(stub, detector):
    features = tf.train.Features(
        feature={"image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=detector.images[:1]))}
    )
    example = tf.train.Example(features=features).SerializeToString()
    request = request_for([example], signature="", alias="examples")
    request.model_spec.version.value = 123

    response = stub.Predict(request, timeout=20)

    assert response.model_spec.signature_name == "serving_default"
    assert list(response.outputs["score"].float_val) == pytest.approx(detector.scores[:1], abs=1e-5)


def test_output_filter_selects(stub, detector):
    request = request_for(detector.images[:1])
    request.output_filter.append("decision")

    assert set(stub.Predict(request, timeout=20).outputs) == {"decision"}


def with_filter(request, *aliases):
    request.output_filter.extend(aliases)
    return request


def with_version(request, version):
    request.model_spec.version.value = version
    return request


def with_input(request, alias, value):
    request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return request


def without(request, field):
    request.ClearField(field)
    return request


def malformed(request):
    request.inputs["image_bytes"].tensor_shape.dim[0].size = -7
    return request


ALL_OUTPUTS = "{decision,score,threshold,uncertain_high,uncertain_low}"
WRONG_REQUESTS = {
    "no model_spec": (
        lambda: without(request_for([b""]), "model_spec"),
        grpc.StatusCode.INVALID_ARGUMENT,
        "Missing ModelSpec",
    ),
    "no model name": (
        lambda: request_for([b""], name=""),
        grpc.StatusCode.INVALID_ARGUMENT,
        "ModelSpec has no name specified.",
    ),
    "unknown model": (
        lambda: request_for([b""], name="other"),
        grpc.StatusCode.NOT_FOUND,
        "Servable not found for request: Latest(other)",
    ),
    "unknown version": (
        lambda: with_version(request_for([b""]), 99),
        grpc.StatusCode.NOT_FOUND,
        "Servable not found for request: Specific(m, 99)",
    ),
    "unknown signature": (
        lambda: request_for([b""], signature="x"),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "x" not found.',
    ),
    "missing input": (
        lambda: without(request_for([b""]), "inputs"),
        grpc.StatusCode.INVALID_ARGUMENT,
        "input size does not match signature: 0!=1 len({}) != len({image_bytes}). "
        "Sent extra: {}. Missing but required: {image_bytes}.",
    ),
    "extra input": (
        lambda: with_input(request_for([b""]), "B", [1.0]),
        grpc.StatusCode.INVALID_ARGUMENT,
        "input size does not match signature: 2!=1 len({B,image_bytes}) != len({image_bytes}). "
        "Sent extra: {B}. Missing but required: {}.",
    ),
    "misnamed input": (
        lambda: request_for([b""], alias="images"),
        grpc.StatusCode.INVALID_ARGUMENT,
        "input tensor alias not found in signature: images. Inputs expected to be in the set {image_bytes}.",
    ),
    "unknown output": (
        lambda: with_filter(request_for([b""]), "Y"),
        grpc.StatusCode.INVALID_ARGUMENT,
        f"output tensor alias not found in signature: Y Outputs expected to be in the set {ALL_OUTPUTS}.",
    ),
    "repeated output": (
        lambda: with_filter(request_for([b""]), "score", "score"),
        grpc.StatusCode.INVALID_ARGUMENT,
        "duplicate output tensor alias: score",
    ),
    "wrong dtype": (
        lambda: request_for([1.0]),
        grpc.StatusCode.INVALID_ARGUMENT,
        "Expects arg[0] to be string but float is provided",
    ),
    "wrong rank": (
        lambda: request_for([[b"a", b"b"]]),
        grpc.StatusCode.INVALID_ARGUMENT,
        "input image_bytes expects shape [?] but [1,2] is provided",
    ),
    "malformed tensor": (
        lambda: malformed(request_for([b""])),
        grpc.StatusCode.INVALID_ARGUMENT,
        "tensor parsing error: image_bytes",
    ),
}


@pytest.mark.parametrize("case", WRONG_REQUESTS)
def test_a_wrong_request_gets_tensorflow_servings_code_and_words(stub, case):
    request, code, message = WRONG_REQUESTS[case]

    assert refusal(stub.Predict, request()) == (code, message)


def test_text_for_an_image_is_refused(stub):
    code, message = refusal(stub.Predict, request_for([b"no image at all"]))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    # Later releases of TensorFlow name more formats.
    assert message.startswith("Unknown image file format. One of JPEG,")
    assert message.endswith(" required.")


@pytest.mark.parametrize("cut", [0, 20, 300])
def test_a_truncated_image_is_refused_without_node_names(stub, detector, cut):
    code, message = refusal(stub.Predict, request_for([detector.images[0], detector.images[0][:cut]]))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "node" not in message
    assert "\n" not in message


def test_an_expired_deadline_is_said(stub, detector):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request_for(detector.images * 200), timeout=0.002)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_request_of_ten_megabytes_is_taken(stub, detector):
    padded = detector.images[0] + b"\0" * (10 << 20)  # decoders stop at the end marker

    response = stub.Predict(request_for([padded]), timeout=20)

    assert list(response.outputs["score"].float_val) == pytest.approx(detector.scores[:1], abs=1e-5)


def test_metadata_lists_the_signatures(stub):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "m"

    response = stub.GetModelMetadata(request, timeout=20)

    assert (response.model_spec.name, response.model_spec.version.value) == ("m", 123)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == set(SIGNATURES)
    assert set(signatures.signature_def["serving_bytes"].inputs) == {"image_bytes"}


@pytest.mark.parametrize(
    ("fields", "name", "code", "message"),
    [
        (
            [],
            "m",
            grpc.StatusCode.INVALID_ARGUMENT,
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (["x"], "m", grpc.StatusCode.INVALID_ARGUMENT, "Metadata field x is not supported"),
        (["signature_def"], "n", grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(n)"),
    ],
)
def test_a_wrong_metadata_request(stub, fields, name, code, message):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = name

    assert refusal(stub.GetModelMetadata, request) == (code, message)
