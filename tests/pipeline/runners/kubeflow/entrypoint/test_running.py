"""One call of one node: what is put in before TFX's own entrypoint, and mended after it."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from data.record_folder import split_pattern
from pipeline.beam import beam_args
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.entrypoint.__main__ import _run
from pipeline.runners.kubeflow.entrypoint.running import run_node
from pipeline.runners.kubeflow.entrypoint.settings import ArtifactIo, EntrypointSettings

_EXAMPLES = {"instanceSchema": "title: tfx.Examples\ntype: object\n"}
_INPUTS_SPEC = {
    "artifacts": {"examples": {"artifactType": _EXAMPLES}},
    "parameters": {"times": {"parameterType": "NUMBER_INTEGER"}},
}
# Without an image, TFX would build a package of our code first.
_FLINK = ("--runner=FlinkRunner", "--flink_master=host:8081", "--sdk_container_image=unused")


@pytest.fixture
def call(tmp_path) -> Callable[..., list[str]]:
    """``call(executor, place, beam_args)``: the arguments of a node that reads `examples` and writes `copy`."""

    def make(executor="small_nodes.Copying", place=f"{tmp_path}/bucket", beam_args=()):
        told = {
            "inputs": {
                "artifacts": {
                    "examples": {
                        "artifacts": [
                            {
                                "uri": f"{place}/in",
                                "type": {"instanceSchema": ""},
                                "metadata": {"split_names": '["train"]'},
                            }
                        ]
                    }
                },
                "parameterValues": {"times": 3.0},
            },
            "outputs": {
                "artifacts": {"copy": {"artifacts": [{"uri": f"{place}/out", "type": _EXAMPLES}]}},
                "outputFile": f"{tmp_path}/kfp_outputs/output_metadata.json",
            },
        }
        return [
            *("--executor_class_path", executor),
            *("--json_serialized_invocation_args", json.dumps(told)),
            *("--json_serialized_inputs_spec_args", json.dumps(_INPUTS_SPEC)),
            *beam_args,
        ]

    return make


@pytest.fixture
def mirrored(tmp_path) -> EntrypointSettings:
    """A mirror with the input in it, as the launcher leaves it."""
    folder = tmp_path / "minio/b/in"
    folder.mkdir(parents=True)
    (folder / "text").write_text("some text")
    return EntrypointSettings(mirror_root=tmp_path)


@pytest.fixture
def output(tmp_path) -> Callable[[], dict]:
    """``output()``: what the node told of its artifact `copy`."""

    def read():
        told = json.loads((tmp_path / "kfp_outputs/output_metadata.json").read_text())
        return told["artifacts"]["copy"]["artifacts"][0]

    return read


def test_a_node_works_in_the_mirror_and_tells_of_object_storage(call, mirrored, output, tmp_path):
    run_node(call(place="minio://b"), mirrored)
    assert (tmp_path / "minio/b/out/text").read_text() == "some text"
    told = output()
    assert told["uri"] == "minio://b/out"
    assert told["metadata"]["source"] == "minio://b/in"
    assert told["metadata"]["source_type"] == "Examples"
    assert told["metadata"]["splits"] == '["train"]'
    # Of a number, the spec knows that it is whole.
    assert json.loads(told["metadata"]["given"]) == {"times": 3}
    assert told["metadata"]["blessed"] == 1.0
    assert [path.name for path in (tmp_path / "kfp_outputs").iterdir()] == ["output_metadata.json"]


def test_plain_files_are_left_where_they_are(call, output, tmp_path):
    (tmp_path / "bucket/in").mkdir(parents=True)
    (tmp_path / "bucket/in/text").write_text("some text")
    run_node(call(), EntrypointSettings())
    assert output()["uri"] == f"{tmp_path}/bucket/out"


def test_without_a_mirror_what_tfx_cannot_open_is_an_error(call, tmp_path):
    with pytest.raises(ConfigError, match=r"'examples' is at s3://b/in, which TFX cannot open"):
        run_node(call(place="s3://b"), EntrypointSettings(mirror_root=tmp_path))


def test_remote_only_leaves_the_mirror_alone(call, mirrored):
    settings = EntrypointSettings(ArtifactIo.REMOTE, mirrored.mirror_root)
    with pytest.raises(ConfigError, match="minio://b/in, which TFX cannot open"):
        run_node(call(place="minio://b"), settings)


def test_workers_elsewhere_get_object_storage_and_a_folder_they_share(call, output, tmp_path):
    (tmp_path / "gcs").mkdir()
    shared = tmp_path / "shared"
    settings = EntrypointSettings(mirror_root=tmp_path, beam_temp=str(shared))
    run_node(call("small_nodes.Distributed", "gs://b", _FLINK), settings)
    metadata = output()["metadata"]
    assert metadata["remote"] == 1
    assert Path(metadata["temp"]).is_relative_to(shared)
    assert list(shared.iterdir()) == [], "nothing is left of it"


def test_a_mirror_that_workers_share_can_be_insisted_on(call, output, tmp_path):
    settings = EntrypointSettings(ArtifactIo.MIRROR, tmp_path, str(tmp_path))
    run_node(call("small_nodes.Distributed", "gs://b", _FLINK), settings)
    assert output()["metadata"]["remote"] == 0


def test_workers_elsewhere_without_a_shared_folder_are_an_error(call):
    with pytest.raises(ConfigError, match="INSPECTOR_BEAM_TEMP"):
        run_node(call("small_nodes.Distributed", "gs://b", _FLINK), EntrypointSettings())


def test_a_failure_is_the_last_line_and_leaves_no_output(call, capfd, tmp_path):
    assert _run(call("small_nodes.Failing")) == 1
    *_, last = capfd.readouterr().err.splitlines()
    assert last == "Failed: ValueError: the first line and the second"
    assert not (tmp_path / "kfp_outputs").exists()


def test_one_that_is_evicted_says_so(call, capfd, tmp_path):
    assert _run(call("small_nodes.Evicted")) == 143
    *_, last = capfd.readouterr().err.splitlines()
    assert last.startswith("Stopped by SIGTERM. Kept: what the Trainer has done")
    assert not (tmp_path / "kfp_outputs").exists()


def test_a_wrong_call_is_told_in_one_line(call, capfd, monkeypatch):
    monkeypatch.setenv("INSPECTOR_ARTIFACT_IO", "somewhere")
    assert _run(call()) == 2
    assert capfd.readouterr().err == (
        "Error: INSPECTOR_ARTIFACT_IO: expected one of auto, mirror, remote, received 'somewhere'.\n"
    )


def test_the_process_ends_with_its_code_whatever_the_interpreter_would_do(fresh_python):
    code = (
        "import atexit, os\n"
        "from pipeline.runners.kubeflow.entrypoint.__main__ import _end\n"
        "atexit.register(os.abort)\n"
        "print('told')\n"
        "_end({})"
    )
    for exit_code in (0, 1):
        ended = fresh_python(code.format(exit_code))
        assert (ended.returncode, ended.stdout) == (exit_code, "told\n"), ended.stderr


class TestExampleGen:
    """The driver, which only Vertex runs, is run by us where it was not."""

    @pytest.fixture
    def arguments(self, imported, tmp_path):
        """``arguments(name)``: those of ImportExampleGen on the imported faces; its files are named so."""
        splits = [
            {"name": one, "pattern": split_pattern(imported).format(split=one)} for one in ("val", "test")
        ]
        spec = {
            "parameters": {
                **{
                    name: {"parameterType": "STRING"}
                    for name in ("input_base", "input_config", "output_config")
                },
                "output_data_format": {"parameterType": "NUMBER_INTEGER"},
                "output_file_format": {"parameterType": "NUMBER_INTEGER"},
            }
        }

        def make(name):
            told = {
                "inputs": {
                    "parameterValues": {
                        "input_base": str(imported),
                        "input_config": json.dumps({"splits": splits}),
                        "output_config": "{}",
                        "output_data_format": 6,
                        "output_file_format": 5,
                    }
                },
                "outputs": {
                    "artifacts": {
                        "examples": {"artifacts": [{"uri": f"{tmp_path}/{name}", "type": _EXAMPLES}]}
                    },
                    "outputFile": f"{tmp_path}/{name}.json",
                },
            }
            return [
                *("--executor_class_path", "tfx.components.example_gen.import_example_gen.executor.Executor"),
                *("--json_serialized_invocation_args", json.dumps(told)),
                *("--json_serialized_inputs_spec_args", json.dumps(spec)),
                *beam_args(),
            ]

        return make

    def _metadata(self, tmp_path, name):
        told = json.loads((tmp_path / f"{name}.json").read_text())
        [artifact] = told["artifacts"]["examples"]["artifacts"]
        return artifact["metadata"]

    def test_it_tells_span_and_fingerprint_as_if_vertex_had_asked(self, arguments, tmp_path):
        from tfx.orchestration.kubeflow.v2.file_based_example_gen import driver

        run_node(arguments("ours"), EntrypointSettings())
        ours = self._metadata(tmp_path, "ours")
        assert json.loads(ours["split_names"]) == ["val", "test"]
        assert ours["input_fingerprint"].startswith("split:val,num_files:1,")

        executor, told, spec = arguments("vertex")[1:6:2]
        assert executor.endswith("Executor")
        driver.main(
            argparse.Namespace(json_serialized_invocation_args=told, json_serialized_inputs_spec_args=spec)
        )
        asked = self._metadata(tmp_path, "vertex")
        assert asked["input_fingerprint"] == ours["input_fingerprint"]
        # TFX's name for a property that the driver gave, of a type that has one of this name itself.
        assert asked["custom:span"] == ours["custom:span"]

    def test_what_vertex_has_found_is_not_looked_for_again(self, arguments, tmp_path, monkeypatch):
        from pipeline.runners.kubeflow.entrypoint import example_gen

        found = {"parameterValues": {"span": 7, "input_fingerprint": "found"}}
        (tmp_path / "vertex.json").write_text(json.dumps(found))
        monkeypatch.setattr(example_gen.driver, "main", lambda _: pytest.fail("asked again"))
        run_node(arguments("vertex"), EntrypointSettings())
        assert list((tmp_path / "vertex" / "Split-val").glob("*.gz"))
