"""The records that Transform wrote, as batches."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("augmentation", [None, Augmentation(AugmentationSettings(), 1)])
def test_training_batches_hold_every_image_once_in_another_order_each_epoch(make_split, augmentation):
    split = make_split(40)
    batches = split.training_batches(7, augmentation)
    first, second = _all(batches), _all(batches)
    assert sorted(first[1]) == sorted(split.labels)
    if augmentation is None:
        by_sum = sorted(
            split.batches().unbatch().map(lambda pixels, label: pixels).as_numpy_iterator(), key=np.sum
        )
        for images, _ in (first, second):
            np.testing.assert_array_equal(sorted(images, key=np.sum), by_sum)
    assert not np.array_equal(first[0], second[0])


def test_a_seed_repeats_the_order_and_another_one_does_not(make_split):
    split = make_split(40)
    first, again, other = (_all(split.training_batches(seed, None))[0] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


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
