"""The estimate, held against runs that were measured, and against sums done by hand."""

import json

import pytest
from click.testing import CliRunner

from components.backbone_facts import BACKBONE_FACTS
from pipeline.commands.estimate import estimate as command
from pipeline.config import load_config
from pipeline.errors import ConfigError
from pipeline.estimating import figures
from pipeline.estimating.estimate import EXTRAPOLATED, GIVEN, MEASURED, UNKNOWN, estimate, usual_images
from pipeline.estimating.training_time import Speeds, stage_seconds


def _of(name, *overrides, images=None, **options):
    config = load_config(name, overrides)
    return estimate(config, images or usual_images(config), **options)


def test_the_demo_takes_about_as_long_as_it_did():
    """3 to 5 minutes on 2 cores, as README.md says: within a factor of 2 of their middle."""
    assert 120 <= _of("demo").hours * 3600 <= 480


def test_mini_takes_about_as_long_as_it_did():
    """15 to 20 minutes on 2 cores with EfficientNetV2-B0, as mini.yaml says; it stops early at times."""
    found = _of("mini", "model.backbone=efficientnetv2-b0")
    assert 17.5 / 2 <= found.hours * 60 <= 17.5 * 2


def test_a_stage_is_the_sum_done_by_hand():
    config = load_config("full")
    frozen, last, whole = config.training.stages
    speeds, images = Speeds(config.model), 1000
    rows = 300 / 22.6
    assert stage_seconds(whole, config, images, speeds) == pytest.approx(rows + 10 * (700 / 6.5 + 150 / 22.6))
    assert stage_seconds(last, config, images, speeds) == pytest.approx(rows + 700 / 16 + 150 / 22.6)
    assert stage_seconds(frozen, config, images, speeds) == pytest.approx(rows + 850 / 22.6 + 4 * 700 / 52600)


def test_attacked_images_of_a_stage_cost_a_pass_and_back_each_step():
    config = load_config("full", ["training.stages.2.adversarial={share: 0.25, steps: 4}"])
    attacked, plain = (
        stage_seconds(each.training.stages[2], each, 1000, Speeds(each.model))
        for each in (config, load_config("full"))
    )
    assert attacked - plain == pytest.approx(10 * 700 * 0.25 * 4 / 6.5)
    one_step = load_config("full", ["training.stages.2.adversarial={method: fgsm, share: 0.25}"])
    faster = stage_seconds(one_step.training.stages[2], one_step, 1000, Speeds(one_step.model))
    assert faster - plain == pytest.approx(10 * 700 * 0.25 / 6.5)


def test_attacks_on_test_images_are_the_sum_done_by_hand():
    config = (
        "evaluation.attacks={images: 100, steps: 4, epsilons: [1, 2]}",
        "model.backbone=efficientnet-b0",
    )
    # Of 1,000 images 150 are of the test split; of 400 only 60 are.
    for images, attacked in ((1000, 100), (400, 60)):
        found = {line.what: line for line in _of("full", *config, images=images).seconds}
        fixed, step = figures.ATTACK_FIXED.value, figures.ATTACK_STEP.value / 1e3
        assert found["Scoring, attacks"].value == pytest.approx(fixed + attacked * 2 * 5 * step)
    assert "Scoring, attacks" not in {
        line.what for line in _of("full", "evaluation.attacks.images=0").seconds
    }


def test_synthetic_images_make_an_epoch_longer():
    config = load_config("full")
    plain = config.training.stages[-1]
    # A fifth of an epoch: a quarter as many as there are originals.
    mixed = plain.model_copy(update={"synthetic": {"blend": 0.15, "control": 0.05}})
    speeds = Speeds(config.model)
    more = stage_seconds(mixed, config, 1000, speeds) - stage_seconds(plain, config, 1000, speeds)
    assert more == pytest.approx(plain.epochs * 175 / 6.5)


def test_full_on_two_cores_is_days_and_says_what_it_rests_on():
    found = _of("full")
    assert found.images == 180_000
    # 10 epochs of 126,000 images at 6.5 images/s alone are 53.8 hours.
    assert 54 < found.hours < 100
    bases = {line.what: line.basis for line in found.seconds}
    assert bases["Trainer, stage all"] == EXTRAPOLATED
    assert (found.device_seconds.value, found.device_seconds.basis) == (None, UNKNOWN)
    assert {line.basis for line in _of("mini", images=figures.NODES_IMAGES).seconds} == {MEASURED}


def test_the_speed_of_a_device_gives_the_time_of_its_training():
    slow, fast = (_of("full", images_per_second=speed).device_seconds for speed in (650.0, 1300.0))
    assert slow.basis == GIVEN
    assert slow.value == pytest.approx(2 * fast.value, rel=0.01)
    config = load_config("full")
    on_processor = sum(
        stage_seconds(each, config, 180_000, Speeds(config.model)) for each in config.training.stages
    )
    assert slow.value == pytest.approx(on_processor / 100, rel=0.01)


def test_progressive_is_the_sum_of_its_phases_that_there_are_images_for():
    config = load_config("progressive")
    found = estimate(config, 11_000)
    phases = {line.what.split(": ")[0] for line in found.seconds if ": " in line.what}
    assert phases == {"mini", "middle", "big"}
    stages = [
        stage_seconds(stage, config.of_phase(phase), phase.size.size, Speeds(config.model))
        for phase in config.phases[:3]
        for stage in config.of_phase(phase).training.stages
    ]
    assert sum(line.value for line in found.seconds if "stage" in line.what) == pytest.approx(sum(stages))
    assert sum(line.what == "import" for line in found.seconds) == 1


def test_more_of_anything_takes_more():
    usual, larger = _of("mini"), _of("mini", images=2136)
    for of in ("hours", "disk"):
        assert getattr(usual, of) < getattr(larger, of) < 2 * getattr(usual, of)
    assert _of("mini", "training.stages.2.epochs=24").hours > usual.hours
    assert _of("mini", "evaluation.robustness=false").hours < usual.hours
    costs = [
        Speeds(load_config("mini", [f"model.backbone=efficientnet-b{number}"]).model).forward()
        for number in range(8)
    ]
    assert costs == sorted(costs)


def test_every_backbone_and_node_has_its_figures():
    assert set(figures.MULTIPLY_ADDS) == set(BACKBONE_FACTS)
    assert set(figures.NODES) >= figures.SCALE_WITH_PIXELS


def test_what_it_cannot_know_is_said_to_be_unknown():
    tuned = {line.what: line for line in _of("mini", "tuner.trials=5").seconds}["Tuner"]
    assert (tuned.value, tuned.basis) == (None, UNKNOWN)
    with pytest.raises(ConfigError, match="--images"):
        _of("mini", "name=mine")
    # One phase, of all there are, is left of these.
    assert [line.what for line in _of("progressive", images=500).seconds][1] == "full: ImportExampleGen"


def test_a_node_has_half_as_much_again_as_it_needs():
    found = _of("full")
    needed = {line.what: line.value for line in found.memory_gb}
    for node in found.nodes[:-1]:
        assert 1.5 * needed[node.steps] <= node.memory_gb < 1.5 * needed[node.steps] + 1
    assert found.nodes[-1].memory_gb == max(node.memory_gb for node in found.nodes)
    assert all(node.disk_gb >= 1.5 * found.disk for node in found.nodes)


def test_the_command_answers_a_person_and_a_program():
    said = CliRunner().invoke(command, ["--config", "full"])
    assert said.exit_code == 0
    assert "GPU: unknown" in said.output
    assert "extrapolated" in said.output
    answer = json.loads(CliRunner().invoke(command, ["--config", "full", "--json"]).output)
    assert answer["images"] == 180_000
    assert answer["hours"] == pytest.approx(_of("full").hours)
    assert answer["device_seconds"] == {"what": "training", "value": None, "basis": "unknown"}
