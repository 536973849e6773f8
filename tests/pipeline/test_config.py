"""Configurations: what is wrong is named with its key, and everything can be changed by `--set`."""

import contextlib
import json
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.partition.subset_sizes import Subset
from pipeline.cli import cli
from pipeline.config import CONFIG_FOLDER, PipelineConfig, config_names, load_config
from pipeline.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    """``write(text)``: a configuration file with this text."""

    def write(text: str) -> str:
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.mark.parametrize("name", config_names())
def test_every_configuration_that_comes_along_loads(name):
    config = load_config(name)
    assert config.name == name
    assert config.description


@pytest.mark.parametrize("name", config_names())
def test_its_first_line_is_a_command_that_the_command_line_understands(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("FOLDER").mkdir()
    first = (CONFIG_FOLDER / f"{name}.yaml").read_text().splitlines()[0]
    found = re.match(r"# deepfake-inspector (.+?)(?:  |$)", first)
    assert found, first
    command, *arguments = shlex.split(found[1])
    context = cli.commands[command].make_context(command, arguments)
    assert command == name or context.params["name_or_file"] == name


def test_a_file_that_says_nothing_of_a_section_gets_its_defaults(write):
    config = load_config(write("name: mine\nmodel: {image_size: 64, weights: none}\n"))
    defaults = PipelineConfig()
    assert (config.name, config.model.image_size) == ("mine", 64)
    assert config.model.backbone == defaults.model.backbone
    assert config.training == defaults.training


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modle: {image_size: 96}", "unknown key 'modle'"),
        ("model: {image_sise: 96}", "unknown key 'model.image_sise'"),
        (
            "training: {stages: [{name: a, trainable: all, epoch: 1}]}",
            "unknown key 'training.stages.0.epoch'",
        ),
        (
            "model: {image_size: 31}",
            "model.image_size: input should be greater than or equal to 32, received 31",
        ),
        ("model: {image_size: big}", r"model.image_size: .*valid integer.*, received 'big'"),
        ("model: {image_size: 96.5}", r"model.image_size: .*, received 96.5"),
        ("model: [96]", r"model: .*valid dictionary.*, received \[96\]"),
        ("model: {backbone: resnet}", r"model.backbone: .*efficientnet-b0, .*, received 'resnet'"),
        ("model: {weights: nowhere.h5}", r"model.weights: .*no such file, received 'nowhere.h5'"),
        (
            "model: {head_units: [8]}",
            "model: expected one head_dropout for each of head_units, received 3 for 1",
        ),
        ("name: My Model", "name: .*, received 'My Model'"),
        (
            "evaluation: {bounds: [{metric: auc, at_least: 1.5}]}",
            "evaluation.bounds.0.at_least: .*, received 1.5",
        ),
        ("data: {validation_share: 0.9}", r"data: expected validation_share \+ test_share below 1"),
        ("training: {stages: []}", "training.stages: expected one or more stages"),
        (
            "training: {stages: [{name: a, trainable: all, epochs: 1}, {name: a, trainable: all, epochs: 1}]}",
            r"training.stages: .*different names, received \['a', 'a'\]",
        ),
        (
            "training: {stages: [{name: a, trainable: 0, epochs: 1}]}",
            r"training.stages.0.trainable.*received 0",
        ),
        ("1: 2", "1: keys should be strings"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_what_came(write, text, words):
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(write(text))
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_is_named_at_once(write):
    with pytest.raises(ConfigError) as caught:
        load_config(
            write("nmae: mine\nmodel: {image_size: 1}\nevaluation: {bounds: [{metric: auc, at_least: 2}]}\n")
        )
    for words in ("unknown key 'nmae'", "model.image_size", "evaluation.bounds.0.at_least"):
        assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b", "5"])
def test_a_file_without_keys_and_values(write, text):
    with pytest.raises(ConfigError, match="expected keys and values, received"):
        load_config(write(text))


@pytest.mark.parametrize(
    "content", [b"model: {image_size: 96", b"a: b: c", b"\tname: x", b"\xff\xfe\x00", b"a: \x00"]
)
def test_a_file_that_is_no_yaml(tmp_path, content):
    (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.yaml': expected YAML, but "):
        load_config(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize("name", ["nope", "nowhere/nope.yaml", "", ".", ".."])
def test_an_unknown_name_lists_those_there_are(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config(name)
    assert all(known in str(caught.value) for known in config_names())
    assert f"received '{name}'" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "value_of", "value"),
    [
        ("model.backbone=efficientnetv2-b0", lambda c: c.model.backbone, "efficientnetv2-b0"),
        ("model.image_size=224", lambda c: c.model.image_size, 224),
        ("model.head_dropout.1=0.25", lambda c: c.model.head_dropout, (0.4, 0.25, 0.5)),
        ("evaluation.slices=[]", lambda c: c.evaluation.slices, ()),
        ("training.augmentation.zoom=0", lambda c: c.training.augmentation.zoom, 0.0),
        ("training.stages.2.epochs=3", lambda c: [s.epochs for s in c.training.stages], [50, 10, 3]),
        ("training.stages.1.trainable=all", lambda c: c.training.stages[1].trainable, "all"),
        ("training.stages.0.augment=null", lambda c: c.training.stages[0].augment, None),
        # PyYAML takes this for text: a number needs a point to be one in YAML 1.1.
        ("training.stages.0.learning_rate=1e-3", lambda c: c.training.stages[0].learning_rate, 0.001),
        ("description=a=b", lambda c: c.description, "a=b"),
        ("model.weights=none", lambda c: c.model.weights, "none"),
    ],
)
def test_an_override_changes_one_value_and_no_other(write, override, value_of, value):
    base = write("name: mine")
    changed, before = load_config(base, [override]), load_config(base)
    assert value_of(changed) == value
    unlike = [path for path, now in _leaves(changed) if now != dict(_leaves(before)).get(path)]
    assert len(unlike) <= 1, unlike


def _leaves(config):
    """Every value that is no dict or list, with its path."""

    def walk(value, path):
        if isinstance(value, dict | list):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, inner in items:
                yield from walk(inner, (*path, key))
        else:
            yield path, value

    return list(walk(config.model_dump(mode="json"), ()))


def test_overrides_go_over_the_file_and_the_last_one_wins(write):
    path = write("training: {stages: [{name: one, trainable: all, epochs: 7}]}")
    config = load_config(path, ["training.stages.0.epochs=1", "training.stages.0.epochs=2"])
    assert [(stage.name, stage.epochs) for stage in config.training.stages] == [("one", 2)]


def test_a_whole_stage_can_be_replaced(write):
    stages = "training.stages=[{name: all, trainable: all, epochs: 4}]"
    assert [stage.epochs for stage in load_config(write("name: mine"), [stages]).training.stages] == [4]


@pytest.mark.parametrize("override", ["training", "=5", "", "training.stages"])
def test_an_override_of_another_form(override):
    with pytest.raises(ConfigError, match=f"--set: expected key=value, received '{override}'"):
        load_config("demo", [override])


@pytest.mark.parametrize(
    "override",
    [
        "training.stages.9.epochs=2",
        "training.stages.first.epochs=2",
        "name.x=1",
        "name.x.y=1",
        "training.stages.0.epochs.x=1",
    ],
)
def test_an_override_of_a_place_that_is_not_there(override):
    with pytest.raises(ConfigError, match=f"--set {override}: there is no such key"):
        load_config("demo", [override])


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("modle.image_size=64", "unknown key 'modle'"),
        ("training.stages.0.epoch=64", "unknown key 'training.stages.0.epoch'"),
        ("model.backbone=", "model.backbone: .*received None"),
        ("training.stages.0.epochs=-1", "training.stages.0.epochs: .*received -1"),
        ("training.stages.0.learning_rate=.nan", "training.stages.0.learning_rate: .*received nan"),
        ("model=64", "model: .*received 64"),
    ],
)
def test_a_wrong_override_is_named_like_a_wrong_line(override, words):
    with pytest.raises(ConfigError, match=f"'demo': {words}"):
        load_config("demo", [override])


@given(
    st.lists(st.sampled_from([*"abc.=-:[]{}0 \t\n'\"", "name", "training.stages.", "model."]), max_size=12),
)
def test_no_override_escapes_as_another_error(parts):
    with contextlib.suppress(ConfigError):
        load_config("demo", ["".join(parts)])


@pytest.mark.parametrize("override", ["description=x: y: z", "model.weights=[1", "description=@a"])
def test_a_value_that_is_no_yaml_is_said_to_be_so_in_one_line(override):
    with pytest.raises(ConfigError) as caught:
        load_config("demo", [override])
    assert "there is no such key" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("override", ["training.stages.0.epochs=true", "training.stages.0.trainable=true"])
def test_yes_is_no_number(override):
    with pytest.raises(ConfigError, match="received True"):
        load_config("demo", [override])


def test_what_came_is_said_once():
    with pytest.raises(ConfigError) as caught:
        load_config("demo", ["data.validation_share=0.9"])
    assert str(caught.value).count("received") == 1


PHASES = """
name: mine
evaluation: {bounds: [{metric: auc, at_least: 0.7}]}
phases:
  - subset: {name: first, images: 20}
  - subset: {name: second, images: 40, real_share: 0.25}
    changes:
      training: {seed: 7, stages: [{name: all, trainable: all, epochs: 1}]}
      evaluation: {bounds: [{metric: accuracy, at_least: 0.6}]}
  - subset: full
"""


def test_a_phase_is_the_whole_with_its_changes_laid_over(write):
    config = load_config(write(PHASES), ["training.batch_size=8"])
    first, second, full = (config.of_phase(phase) for phase in config.phases)
    assert [one.name for one in (first, second, full)] == ["mine-first", "mine-second", "mine-full"]
    assert first.model_copy(update={"name": "mine", "phases": config.phases}) == config
    assert (second.training.seed, [stage.name for stage in second.training.stages]) == (7, ["all"])
    assert (second.training.batch_size, second.training.monitor) == (8, config.training.monitor)
    assert [one.evaluation.bounds[0].metric for one in (first, second)] == ["auc", "accuracy"]
    assert [phase.size for phase in config.phases] == [
        Subset("first", 20, 0.5),
        Subset("second", 40, 0.25),
        Subset("full"),
    ]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("phases.1.changes.training.stgaes=[]", "phase 'second': unknown key 'training.stgaes'"),
        (
            "phases.1.changes.evaluation.bounds.0.at_least=2",
            "phase 'second': evaluation.bounds.0.at_least: .*, received 2",
        ),
        ("phases.0.changes.model.image_size=64", "phases.0.changes: expected changes of training, .*'model'"),
        ("phases.0.subset=huge", "phases.0.subset.*'mini', 'middle', 'big' or 'full', received 'huge'"),
        ("phases.0.subset=full", r"different names, received \['full', 'second', 'full'\]"),
        ("phases.1.subset.images=20", "growing size, received 'first' before 'second'"),
        ("phases.0.subset=mini", "growing size, received 'mini' before 'second'"),
        ("tuner.trials=2", "expected no Tuner .* with phases"),
        ("name=a-name-that-is-nearly-as-long-as-can-be", "phase 'first': name: .*at most 40 characters"),
    ],
)
def test_what_is_wrong_with_a_phase_names_it(write, override, words):
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(write(PHASES), [override])
    assert "\n" not in str(caught.value)


def test_a_configuration_cannot_be_changed():
    config = load_config("demo")
    with pytest.raises(ValueError, match="frozen"):
        config.model.image_size = 32


def test_the_trainers_part_is_what_a_trainer_reads_back():
    config = load_config("demo", ["training.stages.0.epochs=3", "evaluation.bounds.0.at_least=0.1"])
    content = config.trainer.model_dump(mode="json")
    assert set(content) == {"model", "training", "calibration"}
    assert type(config.trainer).model_validate(json.loads(json.dumps(content))) == config.trainer
    assert config.trainer == load_config("demo", ["training.stages.0.epochs=3", "name=other"]).trainer


def test_it_loads_neither_tensorflow_nor_tfx(fresh_python):
    code = "import sys; import pipeline.config; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = set(fresh_python(code, check=True).stdout.split())
    assert "pydantic" in loaded
    assert not loaded & {"tensorflow", "tfx", "keras", "apache_beam"}
