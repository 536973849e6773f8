"""What a Tuner found best, in the settings of a training."""

import keras_tuner
import pytest

from components.settings import ModelSettings, StageSettings, TrainerSettings, TrainingSettings, TunerSettings
from components.trainer.hyperparameters import with_hyperparameters
from components.tuner import search_space

_SETTINGS = TrainerSettings(
    model=ModelSettings(weights="none", image_size=64),
    training=TrainingSettings(
        seed=7,
        stages=(
            StageSettings(name="frozen", trainable="none", epochs=5, learning_rate=1e-3),
            StageSettings(name="last", trainable=40, epochs=3),
            StageSettings(name="all", trainable="all", epochs=2),
        ),
    ),
)


def _found(**values) -> dict:
    return {"space": [], "values": {name.replace("__", "/"): value for name, value in values.items()}}


def test_without_a_tuner_nothing_changes():
    assert with_hyperparameters(_SETTINGS, None) is _SETTINGS


def test_what_was_found_takes_the_place_of_what_was_set():
    changed = with_hyperparameters(
        _SETTINGS,
        _found(
            head_width=512,
            head_dropout=0.3,
            learning_rate__frozen=2e-3,
            learning_rate__all=5e-5,
            last_layers__last=20,
        ),
    )
    # The settings have 512, 256, 1024.
    assert changed.model.head_units == (256, 128, 512)
    assert changed.model.head_dropout == (0.3, 0.3, 0.3)
    assert [stage.learning_rate for stage in changed.training.stages] == [2e-3, 1e-4, 5e-5]
    assert [stage.trainable for stage in changed.training.stages] == ["none", 20, "all"]
    # And nothing else does.
    model = {"head_units": _SETTINGS.model.head_units, "head_dropout": _SETTINGS.model.head_dropout}
    training = {"stages": _SETTINGS.training.stages}
    assert changed.model.model_copy(update=model) == _SETTINGS.model
    assert changed.training.model_copy(update=training) == _SETTINGS.training


def test_a_narrow_head_keeps_a_unit_in_every_layer():
    narrow = with_hyperparameters(_SETTINGS, _found(head_width=1)).model
    assert narrow.head_units == (1, 1, 1)
    uneven = _SETTINGS.model_copy(
        update={"model": ModelSettings(weights="none", head_units=(3, 7), head_dropout=(0, 0))}
    )
    assert with_hyperparameters(uneven, _found(head_width=4)).model.head_units == (2, 4)


def test_every_point_of_the_search_space_is_a_training():
    space = search_space(_SETTINGS, TunerSettings(trials=1))
    assert [one.name for one in space.space] == [
        "head_width",
        "head_dropout",
        "learning_rate/frozen",
        "learning_rate/last",
        "last_layers/last",
        "learning_rate/all",
    ]
    for seed in range(20):
        point = keras_tuner.HyperParameters.from_config(space.get_config())
        point.values = {one.name: one.random_sample(seed) for one in space.space}
        changed = with_hyperparameters(_SETTINGS, point.get_config())
        assert max(changed.model.head_units) == point.values["head_width"]
        assert set(changed.model.head_dropout) == {point.values["head_dropout"]}
        assert changed.training.stages[1].trainable == point.values["last_layers/last"]
        for stage in changed.training.stages:
            assert stage.learning_rate == point.values[f"learning_rate/{stage.name}"]
            assert 3e-5 <= stage.learning_rate <= 3e-3


def test_without_a_head_only_the_stages_are_searched():
    bare = _SETTINGS.model_copy(
        update={"model": ModelSettings(weights="none", head_units=(), head_dropout=())}
    )
    names = {one.name for one in search_space(bare, TunerSettings(trials=1)).space}
    assert names == {"learning_rate/frozen", "learning_rate/last", "last_layers/last", "learning_rate/all"}


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ([], "expected the configuration of a keras_tuner.HyperParameters"),
        ({}, "expected the configuration of a keras_tuner.HyperParameters"),
        ({"values": [1]}, "expected the configuration of a keras_tuner.HyperParameters"),
        (
            _found(learning_rate__other=1e-3),
            "stages frozen, last, all, received also learning_rate/other.*tune this",
        ),
        (_found(last_layers__all=20), "received also last_layers/all"),
        (_found(units=20), "received also units"),
        (_found(head_width=0), "head_width: expected a whole number from 1 on, received 0"),
        (_found(head_width=2.5), "head_width: expected a whole number"),
        (
            _found(last_layers__last="all"),
            "last_layers/last: expected a whole number from 1 on, received 'all'",
        ),
        (_found(head_dropout=1.5), "model.head_dropout.0: .*received 1.5"),
        (_found(learning_rate__last="fast"), "training.stages.1.learning_rate: .*received 'fast'"),
        (_found(learning_rate__last=0.0), "training.stages.1.learning_rate: .*received 0.0"),
    ],
)
def test_bad_or_foreign_hyperparameters_are_named(hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        with_hyperparameters(_SETTINGS, hyperparameters)
