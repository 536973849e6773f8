"""TensorFlow Serving's configuration files, and that no message gives a key away."""

import traceback
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

import serving
from serving.config import files
from serving.errors import BadInputError

DEPLOYED = Path(serving.__file__).parent / "deploy" / "config"
SECRET = "c2VjcmV0LWtleQ"  # noqa: S105 - of nothing
KEY = f"-----BEGIN PRIVATE KEY-----\\n{SECRET}\\n-----END PRIVATE KEY-----\\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"
READERS = {
    "ModelServerConfig": files.read_models,
    "BatchingParameters": files.read_batching,
    "MonitoringConfig": files.read_metrics_path,
    "SSLConfig": files.read_tls,
}


@pytest.fixture
def write(tmp_path):
    def write(content) -> Path:
        path = tmp_path / "a.config"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_files_that_are_deployed_are_read():
    [model] = files.read_models(DEPLOYED / "models.config").model_config_list.config
    assert model.base_path == "/models/deepfake-inspector"
    assert model.model_version_policy.latest.num_versions == 2
    [canary] = files.read_models(DEPLOYED / "models-canary.config").model_config_list.config
    assert dict(canary.version_labels) == {"stable": 1, "canary": 2}
    batching = files.read_batching(DEPLOYED / "batching.config")
    assert (batching.max_batch_size.value, list(batching.allowed_batch_sizes)) == (32, [1, 8, 32])
    assert files.read_metrics_path(DEPLOYED / "monitoring.config") == "/monitoring/prometheus/metrics"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", None),
        ('prometheus_config { path: "/x" }', None),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/x" }', "/x"),
    ],
)
def test_where_metrics_are(write, text, path):
    assert files.read_metrics_path(write(text)) == path


def test_a_path_of_metrics_begins_with_a_slash(write):
    with pytest.raises(BadInputError, match=r"a path that begins with / for Prometheus, received 'x'"):
        files.read_metrics_path(write('prometheus_config { enable: true path: "x" }'))


def test_every_field_of_batching_is_known(write):
    text = """max_batch_size { value: 8 } batch_timeout_micros { value: 0 } max_enqueued_batches { value: 2 }
        num_batch_threads { value: 2 } thread_pool_name { value: "b" } pad_variable_length_inputs: true
        enable_large_batch_splitting { value: false } max_execution_batch_size { value: 4 }"""
    found = files.read_batching(write(text))
    assert (found.thread_pool_name.value, found.pad_variable_length_inputs) == ("b", True)
    assert found.max_execution_batch_size.value == 4


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "Invalid protobuf file"),
        ("gone: 1", "Invalid protobuf file"),
        (b"\xff\xfe\x00", "as text, received something else"),
        (b"#" * ((1 << 20) + 1), "of at most 1,048,576 bytes, received more"),
    ],
)
def test_a_broken_file_is_named(write, name, content, words):
    path = write(content)
    with pytest.raises(BadInputError) as caught:
        READERS[name](path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_not_there_or_a_folder(tmp_path, name):
    for path, why in ((tmp_path / "gone", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(BadInputError, match=rf"expected a {name} file, but .* cannot be read: {why}"):
            READERS[name](path)


def test_the_message_says_where_a_file_of_models_is_wrong(write):
    with pytest.raises(BadInputError, match=r'2:\d+ .*no field named "nmae"'):
        files.read_models(write('model_config_list {\n config { nmae: "x" } }'))


def test_keys_and_certificates(write):
    text = f'server_key: "{KEY}" server_cert: "{CERTIFICATE}"'
    tls = files.read_tls(write(text))
    assert tls.private_key.decode() == KEY.replace("\\n", "\n")
    assert tls.certificate_chain.decode() == CERTIFICATE.replace("\\n", "\n")
    assert (tls.client_roots, tls.require_client) == (None, False)
    assert SECRET not in repr(tls)

    tls = files.read_tls(write(f'{text} custom_ca: "{CERTIFICATE}" client_verify: true'))
    assert tls.client_roots == tls.certificate_chain
    assert tls.require_client


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'server_key: "{KEY}', "Invalid protobuf file"),
        (f'server_key: "{KEY}" server_cert: "{CERTIFICATE}" x: 1', "Invalid protobuf file"),
        (f'server_kye: "{KEY}" server_cert: "{CERTIFICATE}"', "Invalid protobuf file"),
        (f"server_key: {KEY}", "Invalid protobuf file"),
        (f'server_key: "{SECRET}" server_cert: "{CERTIFICATE}"', "contents of a PEM file in server_key"),
        (f'server_key: "{KEY}"', "contents of a PEM file in server_cert"),
        (f'server_key: "{KEY}" server_cert: "{SECRET}"', "contents of a PEM file in server_cert"),
        (
            f'server_key: "{KEY}" server_cert: "{CERTIFICATE}" client_verify: true',
            "client_verify needs custom_ca",
        ),
    ],
)
def test_no_message_holds_a_key(write, text, words):
    with pytest.raises(BadInputError) as caught:
        files.read_tls(write(text))
    assert words in str(caught.value)
    shown = "".join(traceback.format_exception(type(caught.value), caught.value, caught.value.__traceback__))
    assert SECRET not in shown


@hypothesis.settings(max_examples=60, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(
    content=st.binary(max_size=60) | st.text("configlist_mdenv{}[]:\"'\\0123456789 #\n", max_size=60),
    name=st.sampled_from(sorted(READERS)),
)
def test_whatever_stands_in_a_file_it_is_read_or_refused(write, content, name):
    try:
        READERS[name](write(content))
    except BadInputError as error:
        assert "a.config" in str(error)  # noqa: PT017 - most contents are refused, some are not
