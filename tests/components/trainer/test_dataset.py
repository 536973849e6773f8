"""The records that Transform wrote, as batches."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from components.settings import AugmentationSettings
from components.trainer.augmentation import Augmentation
from components.trainer.dataset import TransformedSplit


def _all(batches):
    pixels, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(pixels), np.concatenate(labels)[:, 0]


def test_batches_hold_the_pixels_in_order_and_in_range(make_split, make_pictures):
    split = make_split(21, batch_size=8)
    expected, expected_labels = make_pictures(21)
    pixels, labels = _all(split.batches())
    assert pixels.dtype == labels.dtype == np.float32
    np.testing.assert_array_equal(pixels, expected / np.float32(255))
    np.testing.assert_array_equal(labels, expected_labels)
    np.testing.assert_array_equal(split.labels, expected_labels)
    assert [len(batch[0]) for batch in split.batches()] == [8, 8, 5]
    assert int(split.batches().cardinality()) == 3


IN_MEMORY, FROM_FILES = 1.0, 0.0


def _epochs(split, count, seed=7, cache_gb=IN_MEMORY, augmentation=None, first_epoch=0):
    """Pixels and labels of so many epochs of training batches."""
    batches = split.training_batches(seed, augmentation, first_epoch, cache_gb).as_numpy_iterator()
    epochs = []
    for _ in range(count):
        pixels, labels = zip(*itertools.islice(batches, split.steps), strict=True)
        assert {len(one) for one in pixels[:-1]} <= {8}
        epochs.append((np.concatenate(pixels), np.concatenate(labels)[:, 0]))
    return epochs


@pytest.fixture
def shards(write_transformed, make_pictures, tmp_path):
    """A split of three files."""
    files = [
        write_transformed(tmp_path / f"{number}.gz", *make_pictures(count, first))
        for number, count, first in ((0, 12, 0), (1, 5, 100), (2, 20, 200))
    ]
    return TransformedSplit(files, 32, 8)


@pytest.mark.parametrize("cache_gb", [IN_MEMORY, FROM_FILES])
def test_every_epoch_holds_every_image_once_in_another_order(shards, cache_gb):
    images, labels = _all(shards.batches())
    assert len(images) == 37
    expected = sorted(zip(map(np.sum, images), labels, strict=True))
    epochs = _epochs(shards, 3, cache_gb=cache_gb)
    for pixels, its_labels in epochs:
        assert sorted(zip(map(np.sum, pixels), its_labels, strict=True)) == expected
    orders = {tuple(pixels.sum(axis=(1, 2, 3))) for pixels, _ in epochs}
    assert len(orders) == 3
    # Within an epoch the files are mixed.
    assert any(list(labels) != list(its_labels) for _, its_labels in epochs)


@pytest.mark.parametrize("cache_gb", [IN_MEMORY, FROM_FILES])
def test_a_later_start_sees_the_very_images_that_a_whole_training_sees(shards, cache_gb):
    augmentation = Augmentation(AugmentationSettings(robustness=True))
    whole = _epochs(shards, 3, cache_gb=cache_gb, augmentation=augmentation)
    resumed = _epochs(shards, 1, cache_gb=cache_gb, augmentation=augmentation, first_epoch=2)
    for expected, found in zip(whole[2], resumed[0], strict=True):
        np.testing.assert_array_equal(expected, found)
    plain = _epochs(shards, 1, cache_gb=cache_gb, first_epoch=2)
    np.testing.assert_array_equal(plain[0][1], resumed[0][1])
    assert not np.array_equal(plain[0][0], resumed[0][0])


@pytest.mark.parametrize("cache_gb", [IN_MEMORY, FROM_FILES])
def test_the_order_is_not_that_of_the_global_seed(shards, cache_gb):
    orders = []
    for seed in (0, 1):
        tf.random.set_seed(seed)
        orders.append(_epochs(shards, 1, cache_gb=cache_gb)[0][0])
    np.testing.assert_array_equal(*orders)


def test_what_does_not_fit_into_one_block_is_still_shuffled_whole(shards, monkeypatch):
    monkeypatch.setattr("components.trainer.record_streams._SHUFFLED_RECORDS", 5)
    expected = sorted(_all(shards.batches())[0].sum(axis=(1, 2, 3)))
    epochs = [pixels.sum(axis=(1, 2, 3)) for pixels, _ in _epochs(shards, 4, cache_gb=FROM_FILES)]
    for sums in epochs:
        np.testing.assert_array_equal(sorted(sums), expected)
    assert len({tuple(sums) for sums in epochs}) == 4


@pytest.mark.parametrize("cache_gb", [IN_MEMORY, FROM_FILES])
def test_a_seed_repeats_the_order_and_another_one_does_not(shards, cache_gb):
    first, again, other = (_epochs(shards, 1, seed=seed, cache_gb=cache_gb)[0][0] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_size_decides_what_stays_in_memory(make_split, monkeypatch):
    split = make_split(40)
    needed = 40 * 32 * 32 * 3 / 1e9
    ways = []
    for way in ("_from_memory", "_from_files"):
        original = getattr(TransformedSplit, way)
        monkeypatch.setattr(
            TransformedSplit,
            way,
            lambda self, *arguments, way=way, original=original: (
                ways.append(way) or original(self, *arguments)
            ),
        )
    split.training_batches(1, None, 0, needed * 1.01)
    split.training_batches(1, None, 0, needed * 0.99)
    assert ways == ["_from_memory", "_from_files"]


def test_class_weights_are_scikit_learns(write_transformed, make_pictures, tmp_path):
    pixels, _ = make_pictures(10)
    labels = np.array([1, 1, 1, 0, 1, 1, 0, 1, 1, 1])
    split = TransformedSplit([write_transformed(tmp_path / "records.gz", pixels, labels)], 32, 4)
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=labels)
    assert split.class_weight() == pytest.approx(dict(enumerate(expected)))


def test_a_missing_class_says_how_many_there_are(write_transformed, make_pictures, tmp_path):
    pixels, _ = make_pictures(3)
    split = TransformedSplit([write_transformed(tmp_path / "records.gz", pixels, np.zeros(3, int))], 32, 4)
    with pytest.raises(ValueError, match="received 3 real and 0 fake"):
        split.class_weight()


def test_no_record_is_an_error():
    with pytest.raises(ValueError, match="Expected records"):
        TransformedSplit([], 32, 4)
