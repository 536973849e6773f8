"""Embeddings that are computed once."""

import numpy as np
import pytest

from components.settings import AugmentationSettings
from components.trainer.augmentation import Augmentation
from components.trainer.embeddings import Embeddings, embed
from components.trainer.mixture import Mixture


@pytest.fixture
def embedder(small_detector):
    return small_detector().embedder()


def _rows(batches, count):
    embedded, labels = zip(*batches.take(count).as_numpy_iterator(), strict=True)
    return np.concatenate(embedded), np.concatenate(labels)


def test_they_are_what_the_backbone_gives(embedder, make_split, make_pictures):
    pixels, labels = make_pictures(21)
    embedded = embed(embedder, make_split(21))
    assert embedded.views.shape[:2] == (1, 21)
    expected = embedder.predict(pixels / np.float32(255), verbose=0)
    np.testing.assert_allclose(embedded.views[0], expected, rtol=0, atol=1e-6)
    found, found_labels = _rows(embedded.batches(), 3)
    np.testing.assert_array_equal(found, embedded.views[0])
    np.testing.assert_array_equal(found_labels[:, 0], labels)


def test_views_are_the_embeddings_of_changed_images(embedder, make_split):
    split = make_split(16)
    flips = Augmentation(AugmentationSettings(rotation_degrees=0.0, zoom=0.0))
    plain = embed(embedder, split).views[0]
    views = embed(embedder, split, flips, views=4, seed=1).views
    assert views.shape == (4, *plain.shape)
    flipped = embed(embedder, _Mirrored(split)).views[0]
    as_is = np.isclose(views, plain, atol=1e-6).all(axis=2)
    mirrored = np.isclose(views, flipped, atol=1e-6).all(axis=2)
    assert (as_is ^ mirrored).all()
    assert 0.2 < mirrored.mean() < 0.8
    # Each view draws anew.
    assert len({tuple(view) for view in mirrored}) > 1
    np.testing.assert_array_equal(views, embed(embedder, split, flips, views=4, seed=1).views)
    assert not np.array_equal(views, embed(embedder, split, flips, views=4, seed=2).views)


class _Mirrored:
    """A split whose images are all mirrored."""

    def __init__(self, split):
        self.labels, self.batch_size, self.mixture = split.labels, split.batch_size, split.mixture
        self._split = split

    def batches(self):
        return self._split.batches().map(lambda pixels, labels: (pixels[:, :, ::-1], labels))


def test_every_view_of_every_image_comes_once_in_as_many_epochs_as_views():
    views, count = 3, 10
    # The embedding tells which image and which view it is of.
    named = np.stack([[(view, image) for image in range(count)] for view in range(views)]).astype(np.float32)
    embedded = Embeddings(
        named,
        np.arange(count, dtype=np.float32)[:, np.newaxis],
        batch_size=4,
        mixture=Mixture(np.arange(count)),
    )
    rows, labels = _rows(embedded.training_batches(seed=5), views * 3)
    np.testing.assert_array_equal(rows[:, 1], labels[:, 0])
    epochs = rows.reshape(views, count, 2)
    for epoch in epochs:
        assert sorted(epoch[:, 1]) == list(range(count))
        assert len(set(epoch[:, 0])) == views
    assert len({tuple(row) for row in rows}) == views * count
    resumed, _ = _rows(embedded.training_batches(seed=5, first_epoch=2), 3)
    np.testing.assert_array_equal(resumed, epochs[2])
