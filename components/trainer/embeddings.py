"""What a frozen backbone makes of the images, computed once: every epoch of a frozen stage would compute it again."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from components.trainer.augmentation import Augmentation
from components.trainer.dataset import TransformedSplit
from components.trainer.epoch_order import Batch, batch_seed, shuffled_batches
from components.trainer.mixture import Mixture


@dataclasses.dataclass(frozen=True)
class Embeddings:
    """Embeddings of one split.

    Attributes:
        views: float32 `[V, N, C]`: of each image as it is (V = 1), or of V augmented views of it.
        labels: float32 `[N, 1]`.
        batch_size: images a batch.
        mixture: what an epoch has of them.
    """

    views: np.ndarray
    labels: np.ndarray
    batch_size: int
    mixture: Mixture

    def batches(self) -> tf.data.Dataset:
        """The first view, in file order: float32 `[n, C]` and labels `[n, 1]`."""
        return tf.data.Dataset.from_tensor_slices((self.views[0], self.labels)).batch(self.batch_size)

    def training_batches(self, seed: int, first_epoch: int = 0) -> tf.data.Dataset:
        """Endless shuffled epochs, each with one view of every image that it has: with V views, all in V epochs.

        Args:
            seed: of the stage.
            first_epoch: where to begin, from 0.
        """
        views, labels = tf.constant(self.views), tf.constant(self.labels)

        def gather(batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
            # Neighbours take different views in one epoch, so that no epoch is one draw of the augmentation alone.
            view = (batch.indices + batch.epoch) % len(self.views)
            drawn = tf.stack([view, batch.indices], axis=1)
            return tf.gather_nd(views, drawn), tf.gather(labels, batch.indices)

        order = shuffled_batches(self.mixture.epoch, self.batch_size, seed, first_epoch)
        return order.map(gather).prefetch(tf.data.AUTOTUNE)


def embed(
    embedder: keras.Model,
    split: TransformedSplit,
    augmentation: Augmentation | None = None,
    views: int = 1,
    seed: int = 0,
) -> Embeddings:
    """Computes the embeddings of a split.

    Args:
        embedder: float32 `[n, S, S, 3]` in [0, 1] to embeddings `[n, C]`.
        split: the images.
        augmentation: None for the images as they are, which is exact: what follows trains as on the images.
        views: how many augmented views of each image.
        seed: of the stage; draws the views.
    """
    images = split.batches()
    found = []
    for view in range(views):
        batches = images
        if augmentation is not None:
            batches = images.enumerate().map(
                lambda step, batch, view=view: augmentation(
                    batch[0], batch_seed(seed, tf.constant(view, tf.int64), step)
                ),
                tf.data.AUTOTUNE,
            )
        found.append(embedder.predict(batches, verbose=0).astype(np.float32))
    labels = split.labels[:, np.newaxis].astype(np.float32)
    return Embeddings(np.stack(found), labels, split.batch_size, split.mixture)
