"""The table that says what each node gets."""

import shlex

import pytest

from pipeline.cli import cli
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.target import TARGET_FOLDER, load_target, target_names


@pytest.fixture
def write(tmp_path):
    """``write(text)``: a target file with this text."""

    def write(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.mark.parametrize("name", target_names())
def test_every_target_of_the_project_can_be_used(name):
    assert load_target(name).of_node("Trainer").memory > load_target(name).of_node("DataGate").memory


def test_a_target_needs_to_say_only_what_is_other_than_usual(write):
    target = load_target(write("nodes: {Trainer: {gpus: 2}}"))
    trainer, usual = target.of_node("Trainer"), load_target().of_node("Trainer")
    assert trainer == usual.model_copy(update={"gpus": 2})
    assert target.of_node("Transform") == load_target().of_node("Transform")


def test_a_node_has_the_defaults_where_it_says_nothing(write):
    target = load_target(
        write(
            "defaults: {image_pull_policy: Always, cpu: 3, env: {A: b}}\n"
            "nodes: {DataGate: {cpu: 1}, Pusher: {env: {C: d}}}"
        )
    )
    gate, pusher = target.of_node("DataGate"), target.of_node("Pusher")
    assert (gate.cpu, gate.image_pull_policy, gate.env) == (1, "Always", {"A": "b"})
    assert (pusher.cpu, pusher.env) == (3, {"C": "d"})


def test_anything_can_be_changed_on_the_command_line():
    target = load_target("gpu", ["nodes.Trainer.gpus=4", "image=a/b:1", "defaults.volumes.0.claim=other"])
    assert (target.of_node("Trainer").gpus, target.image) == (4, "a/b:1")
    assert [one.claim for one in target.of_node("Trainer").volumes] == ["other"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gpus: 1", "unknown key 'gpus'"),
        ("nodes: {Trainer: {gpu: 1}}", "unknown key 'nodes.Trainer.gpu'"),
        ("nodes: {Trainr: {gpus: 1}}", "received 'Trainr'"),
        ("nodes: {Trainer: {gpus: -1}}", "nodes.Trainer.gpus"),
        ("nodes: {Trainer: {memory: 0}}", "nodes.Trainer.memory"),
        (
            "nodes: {Trainer: {memory_request: 99}}",
            "expected memory_request at most memory, 16.0, received 99.0",
        ),
        ("nodes: {Trainer: {retries: true}}", "expected no true or false here"),
        (
            "nodes: {Trainer: {volumes: [{claim: a, mount_path: training}]}}",
            "nodes.Trainer.volumes.0.mount_path",
        ),
        (
            "nodes: {Trainer: {volumes: [{claim: a, mount_path: /t}, {claim: b, mount_path: /t/}]}}",
            "expected each mount path once, received /t more often",
        ),
        (
            "nodes: {Trainer: {env: {KEY: x}, secrets: [{secret: s, key: k, variable: KEY}]}}",
            "expected each environment variable once, received KEY more often",
        ),
        (
            "nodes: {Trainer: {secrets: [{secret: A_B, key: k, variable: K}]}}",
            "nodes.Trainer.secrets.0.secret",
        ),
        ("nodes: {Trainer: {tolerations: [{key: a}]}}", "expected key and value with operator Equal"),
        (
            "nodes: {Trainer: {tolerations: [{key: a, operator: Exists, value: b}]}}",
            "expected no value with operator Exists, received 'b'",
        ),
        (
            "defaults: {env: {KEY: x}}\nnodes: {Pusher: {secrets: [{secret: s, key: k, variable: KEY}]}}",
            "node Pusher",
        ),
        ("image: a/b:latest", "image: a tag that moves pins nothing"),
        ("nodes: {Trainer: {image: a/b}}", "pinned by a tag or a digest"),
        ("[]", "expected keys and values"),
        ("a: [", "expected YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(write, text, told):
    with pytest.raises(ConfigError, match="Target") as error:
        load_target(write(text))
    assert told in str(error.value)


def test_there_is_no_such_target():
    with pytest.raises(
        ConfigError, match="expected one of default, gpu, vertex or a YAML file, received 'big'"
    ):
        load_target("big")


@pytest.mark.parametrize("name", target_names())
def test_it_states_a_command_that_the_command_line_understands(name):
    text = (TARGET_FOLDER / f"{name}.yaml").read_text().replace(" \\\n#", "")
    [line] = [line for line in text.splitlines() if line.startswith("# deepfake-inspector")]
    group, command, *arguments = shlex.split(line.removeprefix("# deepfake-inspector"))
    context = cli.commands[group].commands[command].make_context(command, arguments)
    assert context.params["target"] == name
