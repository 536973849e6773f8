"""Synthetic images among the transformed records: trained on where they are asked for, and nowhere else."""

import itertools
from collections import Counter

import numpy as np
import pytest

from components.settings import AugmentationSettings
from components.trainer.augmentation import Augmentation
from components.trainer.dataset import TransformedSplit
from components.trainer.embeddings import embed
from data.errors import BadInputError

IN_MEMORY, FROM_FILES = 1.0, 0.0
ORIGINALS, BLENDS, CONTROLS = 37, 9, 4
SHARES = {"blend": 0.25, "control": 0.1}


@pytest.fixture(scope="module")
def images(make_pictures):
    """Pixels, labels and makers: each picture another one."""
    count = ORIGINALS + BLENDS + CONTROLS
    pixels, labels = make_pictures(count)
    makers = np.array([*[""] * ORIGINALS, *["blend"] * BLENDS, *["control"] * CONTROLS])
    labels = np.where(makers == "blend", 1, np.where(makers == "control", 0, labels))
    return pixels, labels, makers


@pytest.fixture(scope="module")
def split(images, write_transformed, tmp_path_factory):
    """A split of three files, one of which holds synthetic images alone."""
    folder, order = tmp_path_factory.mktemp("split"), np.random.default_rng(3).permutation(len(images[0]) - 3)
    parts = (order[:25], order[25:], range(len(images[0]) - 3, len(images[0])))
    files = [
        write_transformed(folder / f"{number}.gz", *(column[list(part)] for column in images))
        for number, part in enumerate(parts)
    ]
    return TransformedSplit(files, 32, 8)


def _epochs(split, count, cache_gb, augmentation=None, first_epoch=0):
    batches = split.training_batches(7, augmentation, first_epoch, cache_gb).as_numpy_iterator()
    epochs = []
    for _ in range(count):
        pixels, labels = zip(*itertools.islice(batches, split.steps), strict=True)
        assert {len(one) for one in pixels[:-1]} <= {8}
        epochs.append((np.concatenate(pixels), np.concatenate(labels)[:, 0]))
    return epochs


@pytest.fixture(scope="module")
def numbers_of(images):
    """``numbers_of(pixels)``: which of the images these are; labels must be theirs."""
    known = {(image / np.float32(255)).tobytes(): number for number, image in enumerate(images[0])}

    def numbers(epoch) -> list[int]:
        found = [known[one.tobytes()] for one in epoch[0]]
        np.testing.assert_array_equal(images[1][found], epoch[1])
        return found

    return numbers


def test_they_are_left_out_unless_they_are_asked_for(split, images, numbers_of):
    _, labels, makers = images
    assert len(split.labels) == ORIGINALS
    assert split.with_synthetic({}) is split
    read = [np.concatenate(part) for part in zip(*split.batches().as_numpy_iterator(), strict=True)]
    assert sorted(numbers_of((read[0], read[1][:, 0]))) == list(range(ORIGINALS))
    np.testing.assert_array_equal(read[1][:, 0], split.labels)
    for cache_gb in (IN_MEMORY, FROM_FILES):
        for epoch in _epochs(split, 2, cache_gb):
            assert sorted(numbers_of(epoch)) == list(range(ORIGINALS))
    counts = np.bincount(labels[makers == ""])
    assert split.class_weight() == pytest.approx(dict(enumerate(ORIGINALS / 2 / counts)))


@pytest.mark.parametrize("cache_gb", [IN_MEMORY, FROM_FILES])
def test_without_them_an_epoch_is_what_it_is_where_there_are_none(
    images, write_transformed, tmp_path, cache_gb
):
    pixels, labels, makers = images
    mixed = np.random.default_rng(5).permutation(len(labels))
    plain = mixed[makers[mixed] == ""]
    splits = [
        TransformedSplit([write_transformed(tmp_path / "with.gz", *(one[mixed] for one in images))], 32, 8),
        TransformedSplit([write_transformed(tmp_path / "without.gz", pixels[plain], labels[plain])], 32, 8),
    ]
    augmentation = Augmentation(AugmentationSettings())
    for first, second in zip(*(_epochs(one, 2, cache_gb, augmentation) for one in splits), strict=True):
        for part, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(part, other)
    assert splits[0].class_weight() == splits[1].class_weight()
    assert splits[0].first_images(3, 64) == splits[1].first_images(3, 64)


@pytest.mark.parametrize("cache_gb", [IN_MEMORY, FROM_FILES])
def test_every_epoch_has_every_original_once_and_the_shares_of_the_makers(
    split, images, numbers_of, cache_gb
):
    mixed = split.with_synthetic(SHARES)
    epochs = [numbers_of(epoch) for epoch in _epochs(mixed, 4, cache_gb)]
    # 37 / 0.65 = 57 images: a quarter of them, and a tenth.
    wanted = {"": ORIGINALS, "blend": 14, "control": 6}
    used = Counter()
    for epoch in epochs:
        assert Counter(images[2][epoch].tolist()) == wanted
        assert sorted(number for number in epoch if number < ORIGINALS) == list(range(ORIGINALS))
        used.update(number for number in epoch if number >= ORIGINALS)
        # None is used more often by two than another of its maker.
        for first, count in ((ORIGINALS, BLENDS), (ORIGINALS + BLENDS, CONTROLS)):
            times = [used[number] for number in range(first, first + count)]
            assert max(times) - min(times) <= 1
    assert len({tuple(epoch) for epoch in epochs}) == 4
    # They are spread over the epoch.
    first_half = [number for number in epochs[0][:28] if number >= ORIGINALS]
    assert 5 <= len(first_half) <= 15


def test_both_ways_draw_the_same_images(split, numbers_of):
    mixed = split.with_synthetic(SHARES)
    from_memory, from_files = (
        [sorted(numbers_of(epoch)) for epoch in _epochs(mixed, 3, cache_gb)]
        for cache_gb in (IN_MEMORY, FROM_FILES)
    )
    assert from_memory == from_files


@pytest.mark.parametrize("cache_gb", [IN_MEMORY, FROM_FILES])
def test_a_later_start_sees_the_very_images_that_a_whole_training_sees(split, cache_gb):
    augmentation = Augmentation(AugmentationSettings())
    mixed = split.with_synthetic(SHARES)
    whole = _epochs(mixed, 3, cache_gb, augmentation)
    [resumed] = _epochs(split.with_synthetic(SHARES), 1, cache_gb, augmentation, first_epoch=2)
    for expected, found in zip(whole[2], resumed, strict=True):
        np.testing.assert_array_equal(expected, found)


def test_class_weights_count_what_an_epoch_has(split, numbers_of):
    mixed = split.with_synthetic(SHARES)
    labels = _epochs(mixed, 1, IN_MEMORY)[0][1].astype(int)
    assert mixed.class_weight() == pytest.approx(dict(enumerate(len(labels) / 2 / np.bincount(labels))))


def test_embeddings_are_of_all_that_epochs_draw_from(split, images, small_detector):
    embedder = small_detector().embedder()
    mixed = split.with_synthetic({"blend": 0.25})
    embedded = embed(embedder, mixed)
    assert embedded.views.shape[1] == ORIGINALS + BLENDS
    batches = embedded.training_batches(7).take(mixed.steps).as_numpy_iterator()
    rows, labels = (np.concatenate(part) for part in zip(*batches, strict=True))
    [(pixels, expected)] = _epochs(mixed, 1, IN_MEMORY)
    np.testing.assert_array_equal(labels[:, 0], expected)
    np.testing.assert_allclose(rows, embedder.predict(pixels, verbose=0), atol=1e-6)


def test_what_is_decoded_is_shared_by_stages_that_draw_from_the_same(split):
    first, second = (split.with_synthetic({"blend": share}) for share in (0.1, 0.3))
    assert first._pixels() is second._pixels()
    assert len(split._pixels()) == ORIGINALS


def test_a_maker_that_the_records_do_not_hold_is_told(split):
    with pytest.raises(BadInputError, match=r"maker resample .* found blend \(9\), control \(4\)"):
        split.with_synthetic({"resample": 0.1})


def test_synthetic_images_alone_are_no_split(images, write_transformed, tmp_path):
    part = [column[ORIGINALS:] for column in images]
    with pytest.raises(ValueError, match=r"Expected originals .* 13 synthetic"):
        TransformedSplit([write_transformed(tmp_path / "records.gz", *part)], 32, 8)
