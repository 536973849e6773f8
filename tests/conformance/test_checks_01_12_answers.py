"""Checks 1 to 12: what a request is answered."""

import base64
import io
import json
import threading

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from replaying import replay
from serving_api import ask, classification, refused
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, regression_pb2

INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


def test_01_a_fresh_process_loads_the_model_and_scores_as_keras_does(detector, tmp_path):
    image = tmp_path / "face.png"
    image.write_bytes(detector.images[1])
    result = replay(detector.directory, "--images", image)
    assert result.returncode == 0, result.stderr
    [answer] = json.loads(result.stdout)["images"]
    assert answer["outputs"]["score"]["values"] == pytest.approx(detector.scores[1:2], abs=1e-5)


def test_02_an_export_that_tensorflow_serving_cannot_serve_is_refused(detector, tmp_path):
    call = tf.function(lambda image: {"score": detector.model(image)[:, 0]})
    signature = call.get_concrete_function(tf.TensorSpec((None, 32, 32, 3), tf.float32))
    tf.saved_model.save(detector.model, str(tmp_path / "1"), signatures={"serving_default": signature})
    result = replay(tmp_path / "1")
    assert result.returncode == 1
    assert "FAILED_PRECONDITION: Could not find variable" in result.stderr


def test_03_the_unmodified_client_gets_a_score(shared, detector):
    response = shared.predict(ask(detector.images[:1]))
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("m", 123, "serving_bytes")
    assert response.outputs["score"].float_val[0] == pytest.approx(detector.scores[0], abs=1e-5)


def test_04_several_scores_come_in_float_val(shared, detector):
    score = shared.predict(ask(detector.images)).outputs["score"]
    assert list(score.float_val) == pytest.approx(detector.scores, abs=1e-5)
    assert [dim.size for dim in score.tensor_shape.dim] == [len(detector.images)]
    assert (score.dtype, score.tensor_content) == (1, b"")


def test_05_output_filter(shared, detector):
    request = ask(detector.images[:1])
    request.output_filter.append("score")
    assert list(shared.predict(request).outputs) == ["score"]
    request.output_filter.append("score")
    assert refused(shared.predict, request) == (INVALID, "duplicate output tensor alias: score")
    request.output_filter[1] = "Y"
    expected = "decision,score,threshold,uncertain_high,uncertain_low"
    assert refused(shared.predict, request) == (
        INVALID,
        f"output tensor alias not found in signature: Y Outputs expected to be in the set {{{expected}}}.",
    )


def test_06_unknown_model_and_version(shared, detector):
    images = detector.images[:1]
    assert refused(shared.predict, ask(images, name="x")) == (
        NOT_FOUND,
        "Servable not found for request: Latest(x)",
    )
    for name in "mx":
        assert refused(shared.predict, ask(images, name=name, version=99)) == (
            NOT_FOUND,
            f"Servable not found for request: Specific({name}, 99)",
        )
    empty = ask(images, name="")
    assert refused(shared.predict, empty) == (INVALID, "ModelSpec has no name specified.")
    assert refused(shared.predict, predict_pb2.PredictRequest()) == (INVALID, "Missing ModelSpec")


def test_07_an_unknown_signature_has_its_different_answers(shared, detector):
    request = ask(detector.images[:1], signature="x")
    precondition = grpc.StatusCode.FAILED_PRECONDITION
    assert refused(shared.predict, request) == (precondition, 'Serving signature key "x" not found.')
    for call, kind in (
        (shared.prediction.Classify, None),
        (shared.prediction.Regress, regression_pb2.RegressionRequest),
    ):
        wrong = classification(detector.images[0], "x", **({"kind": kind} if kind else {}))
        assert refused(call, wrong) == (INVALID, "No signature was found with the name: x")
    code, answer = shared.rest("/v1/models/m:predict", {"signature_name": "x", "instances": [1]})
    assert (code, answer) == (400, {"error": 'Serving signature name: "x" not found in signature def'})


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        (
            [],
            "input size does not match signature: 0!=1 len({}) != len({image_bytes}). Sent extra: {}. "
            "Missing but required: {image_bytes}.",
        ),
        (
            ["image_bytes", "more"],
            "input size does not match signature: 2!=1 len({image_bytes,more}) != len({image_bytes}). "
            "Sent extra: {more}. Missing but required: {}.",
        ),
        (
            ["images"],
            "input tensor alias not found in signature: images. Inputs expected to be in the set {image_bytes}.",
        ),
    ],
)
def test_08_missing_extra_and_misnamed_inputs(shared, detector, aliases, message):
    request = ask(detector.images[:1])
    tensor = request.inputs.pop("image_bytes")
    for alias in aliases:
        request.inputs[alias].CopyFrom(tensor)
    assert refused(shared.predict, request) == (INVALID, message)


def test_09_wrong_dtype(shared):
    assert refused(shared.predict, ask(np.zeros(1, np.float32))) == (
        INVALID,
        "Expects arg[0] to be string but float is provided",
    )
    malformed = ask([b"x"])
    malformed.inputs["image_bytes"].tensor_shape.dim[0].size = 10**12
    assert refused(shared.predict, malformed) == (INVALID, "tensor parsing error: image_bytes")


@pytest.mark.parametrize(
    "shape", [(2, 100, 100, 3), (32, 32, 3), (1, 32, 32, 1), (1, 32, 32, 4), (1, 3, 32, 32), ()]
)
def test_10_wrong_sizes_are_never_scored(shared, shape):
    request = ask(np.zeros(shape, np.float32), signature="score_pixels", alias="pixels")
    code, message = refused(shared.predict, request)
    assert code is INVALID
    assert message.startswith("input pixels expects shape [?,32,32,3] but ")
    good = ask(np.zeros((2, 32, 32, 3), np.float32), signature="score_pixels", alias="pixels")
    assert len(shared.predict(good).outputs["score"].float_val) == 2


def test_11_only_images_are_scored(shared, detector):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40)).save(buffer, "WEBP")
    unknown = "Unknown image file format. One of JPEG, "  # which others, depends on TensorFlow's release
    foreign = "Expected a JPEG or PNG image, received a GIF, BMP, WebP or JPEG XL"
    for content, expected in (
        (b"some text", unknown),
        (buffer.getvalue(), foreign),
        (b"", ""),
        (detector.images[0][:-300], ""),
    ):
        code, message = refused(shared.predict, ask([content]))
        assert code is INVALID
        assert expected in message
        assert message
    png, grey = detector.images[1], detector.images[3]
    assert shared.scores([png, grey]) == pytest.approx([detector.scores[1], detector.scores[3]], abs=1e-5)


def test_12_a_bad_image_changes_nobody_elses_result(shared, detector):
    answers, failures = [], []

    def good():
        for _ in range(20):
            answers.append(shared.scores(detector.images))

    def bad():
        for _ in range(20):
            failures.append(refused(shared.predict, ask([detector.images[0], b"no image"])).code)

    threads = [threading.Thread(target=target) for target in (good, bad, good, bad)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [INVALID] * 40
    assert len(answers) == 40
    for scores in answers:
        assert scores == pytest.approx(detector.scores, abs=1e-5)


def test_classify_regress_and_multi_inference(shared, detector):
    from tensorflow_serving.apis import inference_pb2

    wanted = classification(detector.images[0])
    answer = shared.prediction.Classify(wanted, timeout=20)
    assert (answer.model_spec.version.value, answer.model_spec.signature_name) == (123, "classify")
    [line] = answer.result.classifications
    assert [one.label for one in line.classes] == ["real", "fake"]
    score = detector.scores[0]
    assert [one.score for one in line.classes] == pytest.approx([1 - score, score], abs=1e-5)

    regression = classification(detector.images[0], "regress", regression_pb2.RegressionRequest)
    [value] = shared.prediction.Regress(regression, timeout=20).result.regressions
    assert value.value == pytest.approx(score, abs=1e-5)

    both = inference_pb2.MultiInferenceRequest(input=wanted.input)
    for signature, method in (("regress", "regress"), ("classify", "classify")):
        task = both.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "m", signature
    regressed, classified = shared.prediction.MultiInference(both, timeout=20).results
    assert regressed.regression_result.regressions[0].value == pytest.approx(score, abs=1e-5)
    assert len(classified.classification_result.classifications[0].classes) == 2

    assert (
        refused(shared.prediction.Classify, classification(detector.images[0], "serving_bytes")).code
        is INVALID
    )
    wanted.input.Clear()
    assert refused(shared.prediction.Classify, wanted) == (INVALID, "Input is empty.")


def test_metadata(shared):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "m"
    assert refused(shared.prediction.GetModelMetadata, request) == (
        INVALID,
        "GetModelMetadataRequest must specify at least one metadata_field",
    )
    request.metadata_field.append("x")
    assert refused(shared.prediction.GetModelMetadata, request) == (
        INVALID,
        "Metadata field x is not supported",
    )


def test_21_rest_answers_as_grpc_does(shared, detector):
    images = detector.images
    encoded = [{"b64": base64.b64encode(image).decode()} for image in images]
    expected = shared.scores(images)
    asked = {"signature_name": "serving_bytes"}

    for instances in (encoded, [{"image_bytes": one} for one in encoded]):
        code, answer = shared.rest("/v1/models/m:predict", asked | {"instances": instances})
        assert code == 200
        assert [row["score"] for row in answer["predictions"]] == pytest.approx(expected, abs=1e-7)
        assert {row["decision"] for row in answer["predictions"]} <= {"real", "fake", "uncertain"}
    for inputs in (encoded, {"image_bytes": encoded}):
        code, answer = shared.rest("/v1/models/m/versions/123:predict", asked | {"inputs": inputs})
        assert code == 200
        assert answer["outputs"]["score"] == pytest.approx(expected, abs=1e-7)

    features = [{"image/encoded": one} for one in encoded]
    code, answer = shared.rest("/v1/models/m:classify", {"signature_name": "classify", "examples": features})
    assert code == 200
    assert [dict(line)["fake"] for line in answer["results"]] == pytest.approx(expected, abs=1e-6)
    code, answer = shared.rest("/v1/models/m:regress", {"signature_name": "regress", "examples": features})
    assert (code, answer["results"]) == (200, pytest.approx(expected, abs=1e-6))

    ok = {"error_code": "OK", "error_message": ""}
    assert shared.rest("/v1/models/m") == (
        200,
        {"model_version_status": [{"version": "123", "state": "AVAILABLE", "status": ok}]},
    )
    code, answer = shared.rest("/v1/models/m/versions/123/metadata")
    assert (code, answer["model_spec"]) == (200, {"name": "m", "signature_name": "", "version": "123"})
    inputs = answer["metadata"]["signature_def"]["signature_def"]["serving_bytes"]["inputs"]
    assert inputs["image_bytes"]["dtype"] == "DT_STRING"


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        ("/v1/models/x", None, 404, "Could not find any versions of model x"),
        ("/v1/models/m/versions/9", None, 404, "Could not find version 9 of model m"),
        ("/v1/models/x:predict", b'{"instances": [1]}', 404, "Servable not found for request: Latest(x)"),
        (
            "/v1/models/m/labels/L:predict",
            b'{"instances": [1]}',
            400,
            "Unrecognized servable version label: L",
        ),
        ("/v1/models/m:predict", b"", 400, "JSON Parse error: The document is empty"),
        ("/v1/models/m:predict", b"{", 400, "JSON Parse error: "),
        ("/v1/models/m:predict", b"[" * 100_000, 400, "JSON Parse error: "),
        ("/v1/models/m:predict", b"[]", 400, "JSON Value: […] Is not object"),
        ("/v1/models/m:predict", b"{}", 400, "Missing 'inputs' or 'instances' key"),
        ("/v1/models/m:predict", b'{"instances": []}', 400, "No values in 'instances' array"),
        ("/v1/models/m:predict", b'{"instances": [{"b64": "!"}]}', 400, "Unable to base64 decode"),
        ("/v1/models/m:predict", b'{"instances": [1]}', 400, "is not of expected type: string"),
        (
            "/v1/models/m:classify",
            b'{"examples": [1]}',
            400,
            "Example must be JSON object but got JSON Number",
        ),
        ("/v1/models/m:explode", b"{}", 400, "Malformed request: POST /v1/models/m:explode"),
        ("/elsewhere", None, 400, "Malformed request: GET /elsewhere"),
    ],
)
def test_21_rest_errors(shared, path, body, code, message):
    received, answer = shared.rest(path, raw=body)
    assert received == code
    assert set(answer) == {"error"}
    assert message in answer["error"]
