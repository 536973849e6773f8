"""Checks 13 to 20: what happens when the folder of a model, or the list of models, changes under load."""

import shutil
import threading

import grpc
import pytest
from serving_api import Load, ask, copy_slowly, models, one, refused, wait_until
from tensorflow_serving.apis import model_management_pb2

NOT_FOUND = grpc.StatusCode.NOT_FOUND
INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION


def break_version(directory):
    (directory / "saved_model.pb").write_bytes(b"no graph")
    return directory


def test_13_a_version_that_is_copied_slowly_under_load_fails_no_request(serve, detector, base_path):
    failed = []
    detector.push(base_path, 1)
    api = serve(
        base_path,
        poll_interval_s=0.4,  # the copy rests for 0.15 s, which must not look like its end
        on_change=lambda name, status: failed.append(status) if status.failed else None,
    )
    with Load(api, detector.images[:1]) as load:
        load.wait_for(1)
        copy_slowly(detector.directory, base_path / "2")
        load.wait_for(2)
    assert load.failures == []
    assert failed == [], "a half-written version was loaded"
    assert api.version_that_answers(detector.images[:1]) == 2


def test_14_a_corrupt_version_leaves_the_old_one_and_a_repaired_one_is_taken_up(serve, detector, base_path):
    detector.push(base_path, 1)
    api = serve(base_path)
    broken = break_version(detector.push(base_path, 2))
    wait_until(lambda: api.server.statuses()[0].failed)
    assert api.version_that_answers(detector.images[:1]) == 1
    assert api.status() == [(2, "END"), (1, "AVAILABLE")]
    code, answer = api.rest("/v1/models/m/versions/2")
    [line] = answer["model_version_status"]
    assert (code, line["state"]) == (200, "END")
    assert line["status"]["error_code"] != "OK"
    assert line["status"]["error_message"]

    shutil.copy(detector.directory / "saved_model.pb", broken / "saved_model.pb")
    wait_until(lambda: api.version_that_answers(detector.images[:1]) == 2)


def test_15_deleting_the_newest_rolls_back_and_a_vanished_folder_changes_nothing(serve, detector, base_path):
    for version in (1, 2):
        detector.push(base_path, version)
    api = serve(base_path)
    assert api.version_that_answers(detector.images[:1]) == 2
    shutil.rmtree(base_path / "2")
    wait_until(lambda: api.version_that_answers(detector.images[:1]) == 1)
    shutil.rmtree(base_path)
    threading.Event().wait(0.5)
    assert api.version_that_answers(detector.images[:1]) == 1


def test_16_only_whole_numbers_are_versions(shared, detector):
    assert shared.status() == [(123, "AVAILABLE")]
    assert shared.version_that_answers(detector.images[:1], version=123) == 123


@pytest.mark.parametrize(
    ("policy", "served"),
    [
        ("", {3}),
        ("latest { num_versions: 2 }", {2, 3}),
        ("specific { versions: 1 versions: 2 }", {1, 2}),
        ("all {}", {1, 2, 3}),
    ],
)
def test_17_policies_hold_and_pinned_versions_answer(serve, detector, base_path, policy, served):
    for version in (1, 2, 3):
        detector.push(base_path, version)
    rest = f"model_version_policy {{ {policy} }}" if policy else ""
    api = serve(models(one("m", base_path, rest)))
    wait_until(lambda: {number for number, state in api.status() if state == "AVAILABLE"} == served)
    for version in (1, 2, 3):
        request = ask(detector.images[:1], version=version)
        if version in served:
            assert api.predict(request).model_spec.version.value == version
        else:
            expected = (NOT_FOUND, f"Servable not found for request: Specific(m, {version})")
            assert refused(api.predict, request) == expected
    assert api.version_that_answers(detector.images[:1]) == max(served)


def test_18_labels_are_assigned_moved_and_refused(serve, detector, base_path):
    def config(**labels):
        lines = "".join(f'version_labels {{ key: "{key}" value: {value} }} ' for key, value in labels.items())
        return models(one("m", base_path, f"model_version_policy {{ all {{}} }} {lines}"))

    for version in (1, 2):
        detector.push(base_path, version)
    api = serve(config())
    wait_until(lambda: {state for _, state in api.status()} == {"AVAILABLE"} and len(api.status()) == 2)
    images = detector.images[:1]
    unknown = (INVALID, "Unrecognized servable version label: stable")
    assert refused(api.predict, ask(images, label="stable")) == unknown

    api.reload(config(stable=1, canary=2))
    assert api.version_that_answers(images, label="stable") == 1
    assert api.version_that_answers(images, label="canary") == 2
    body = {"signature_name": "score_pixels", "instances": [[[[0, 0, 0]] * 32] * 32]}
    assert api.rest("/v1/models/m/labels/canary:predict", body)[0] == 200
    code, answer = api.rest("/v1/models/m/labels/stable")
    assert (code, answer["model_version_status"][0]["version"]) == (200, "1")
    code, answer = api.rest("/v1/models/m/labels/x:predict", body)
    assert (code, answer["error"]) == (400, "Unrecognized servable version label: x")

    api.reload(config(stable=2))
    assert api.version_that_answers(images, label="stable") == 2
    assert refused(api.predict, ask(images, label="canary")).code is INVALID

    request = model_management_pb2.ReloadConfigRequest(config=config(stable=9))
    assert refused(api.model.HandleReloadConfigRequest, request, timeout=20) == (
        PRECONDITION,
        "Request to assign label to version 9 of model m, which is not currently available for inference",
    )
    assert api.version_that_answers(images, label="stable") == 2


def test_19_reload_adds_removes_and_replaces_and_a_bad_list_changes_nothing(serve, detector, tmp_path):
    paths = {}
    for name in "abc":
        paths[name] = tmp_path / name
        paths[name].mkdir()
        detector.push(paths[name], 1)
    api = serve(models(one("m", paths["a"])))
    images = detector.images[:1]

    both = models(one("m", paths["a"]))
    both.MergeFrom(models(one("n", paths["b"])))
    api.reload(both)
    assert [api.version_that_answers(images, name=name) for name in "mn"] == [1, 1]

    detector.push(paths["c"], 7)
    api.reload(models(one("n", paths["c"])))
    assert api.version_that_answers(images, name="n") == 7
    assert refused(api.predict, ask(images)).code is NOT_FOUND

    empty = tmp_path / "empty"
    empty.mkdir()
    break_version(detector.push(empty, 1))
    twice = models(one("n", paths["c"]))
    twice.MergeFrom(models(one("n", paths["c"])))
    bad = {
        "a broken model": models(one("o", empty)),
        "no folder": models(one("n", tmp_path / "gone")),
        "no absolute path": models(one("n", "somewhere")),
        "twice": twice,
        "no platform": models(f'model_config_list {{ config {{ name: "n" base_path: "{paths["c"]}" }} }}'),
        "nothing": models(""),
    }
    for what, config in bad.items():
        request = model_management_pb2.ReloadConfigRequest(config=config)
        code, message = refused(api.model.HandleReloadConfigRequest, request, timeout=30)
        assert code in (INVALID, grpc.StatusCode.UNKNOWN), what
        assert message, what
        assert api.version_that_answers(images, name="n") == 7, what
        assert refused(api.predict, ask(images, name="o")).code is NOT_FOUND


def test_20_states_move_on_and_descend(serve, detector, base_path):
    events = []
    detector.push(base_path, 1)
    api = serve(base_path, on_change=lambda name, status: events.append((status.version, status.state.name)))
    detector.push(base_path, 2)
    wait_until(lambda: (1, "END") in events)
    assert events[:2] == [(1, "LOADING"), (1, "AVAILABLE")]
    assert events[2:] == [(2, "LOADING"), (2, "AVAILABLE"), (1, "UNLOADING"), (1, "END")]
    assert api.status() == [(2, "AVAILABLE"), (1, "END")]
    code, answer = api.rest("/v1/models/m/versions/9")
    assert (code, answer["error"]) == (404, "Could not find version 9 of model m")
    assert refused(api.status, "x") == (NOT_FOUND, "Could not find any versions of model x")
