"""What a stage keeps of its epochs."""

import dataclasses

import keras
import numpy as np
import pytest

from components.trainer import epochs
from components.trainer.epochs import Epoch, EpochStore

_EPOCH = Epoch("all", 1, 0.7, 0.6, 0.6, 0.7, 1e-3, 2.0, 10.0)


def _epoch(number: int, **values) -> Epoch:
    return dataclasses.replace(_EPOCH, epoch=number, **values)


@pytest.fixture
def model() -> keras.Model:
    """One weight, an optimizer with moments."""
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile("adam", "mse")
    return model


def _set(model: keras.Model, value: float) -> None:
    model.layers[0].set_weights([np.array([[value]])])


def _weight(model: keras.Model) -> float:
    return model.get_weights()[0].item()


@pytest.fixture
def store(tmp_path, model) -> EpochStore:
    """Three epochs, of which the second has the best AUC and the third the best loss; the weights are 1, 2, 3."""
    store = EpochStore(tmp_path, "val_auc", "max")
    for number, (auc, loss) in enumerate(((0.7, 0.6), (0.9, 0.5), (0.8, 0.4)), start=1):
        _set(model, number)
        store.add(_epoch(number, val_auc=auc, val_loss=loss), model)
    return store


def test_the_best_epoch_is_found_by_value_and_direction(store, tmp_path):
    assert store.best.epoch == 2
    assert store.without_improvement == 1
    assert EpochStore(tmp_path, "val_loss", "min").best.epoch == 3


def test_of_equal_epochs_the_first_is_the_best(tmp_path, model):
    store = EpochStore(tmp_path, "val_auc", "max")
    for number in (1, 2):
        _set(model, number)
        store.add(_epoch(number), model)
    store.restore_best(model)
    assert (store.best.epoch, store.without_improvement, _weight(model)) == (1, 1, 1)


def test_another_process_finds_epochs_and_weights(store, tmp_path, model):
    again = EpochStore(tmp_path, "val_auc", "max")
    assert again.epochs == store.epochs
    again.restore_latest(model)
    assert _weight(model) == 3
    again.restore_best(model)
    assert _weight(model) == 2


def test_the_optimizer_goes_on_with_its_moments(tmp_path, model):
    store = EpochStore(tmp_path, "val_auc", "max")
    model.fit(np.ones((8, 1)), np.zeros((8, 1)), epochs=2, batch_size=4, verbose=0)
    store.add(_EPOCH, model)
    fresh = keras.models.clone_model(model)
    fresh.compile("adam", "mse")
    store.restore_latest(fresh)
    for one, other in zip(model.optimizer.variables, fresh.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(other))
    assert int(np.array(fresh.optimizer.iterations)) == 4


def test_weights_of_earlier_epochs_do_not_pile_up(store, tmp_path):
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["after-epoch-3.weights.h5", "best-epoch-2.weights.h5", "epochs.json"]
    store.forget_weights()
    assert [path.name for path in tmp_path.iterdir()] == ["epochs.json"]


def test_an_empty_store_leaves_a_model_alone(tmp_path, model):
    store = EpochStore(tmp_path, "val_auc", "max")
    _set(model, 5)
    store.restore_latest(model)
    assert (store.epochs, store.without_improvement, _weight(model)) == ([], 0, 5)


def test_a_value_that_is_no_number_is_never_the_best(tmp_path, model):
    for mode, values in (("max", (0.5, 0.7)), ("min", (0.7, 0.5))):
        (tmp_path / mode).mkdir()
        store = EpochStore(tmp_path / mode, "val_loss", mode)
        for number, value in enumerate((float("nan"), *values, float("nan")), start=1):
            store.add(_epoch(number, val_loss=value), model)
        assert store.best.epoch == 3


@pytest.mark.parametrize("dying", ["save_weights", "write_text"])
def test_an_epoch_that_is_not_whole_on_disk_does_not_count(store, tmp_path, model, monkeypatch, dying):
    def die(*arguments, **options):
        raise KeyboardInterrupt

    _set(model, 4)
    with monkeypatch.context() as patch:
        patch.setattr(*((keras.Model, dying) if dying == "save_weights" else (epochs, dying)), die)
        with pytest.raises(KeyboardInterrupt):
            store.add(_epoch(4, val_auc=0.99), model)
    for one in (store, EpochStore(tmp_path, "val_auc", "max")):
        assert len(one.epochs) == 3
        one.restore_best(model)
        assert _weight(model) == 2
        one.restore_latest(model)
        assert _weight(model) == 3
    store.add(_epoch(4, val_auc=0.7), model)
    assert len(list(tmp_path.iterdir())) == 3
