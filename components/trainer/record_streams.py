"""Streams of serialized transformed records: all or those of some makers, in order, shuffled or mixed.

None holds more than a few thousand of them in memory.
"""

from collections.abc import Sequence

import tensorflow as tf

from components.transform import SYNTHETIC

_FILES_AT_ONCE = 16
_SHUFFLED_RECORDS = 4096
_SHUFFLED_SYNTHETIC = 1024
_SYNTHETIC_ORDER, _PLACES = 2, 3


def records_of(files: Sequence[str] | tf.Tensor, makers: Sequence[str] | None = None) -> tf.data.Dataset:
    """Serialized examples, from many files at once, always in the same order.

    Args:
        files: paths.
        makers: only images of these, "" being who made the originals; None for all.
    """
    records = tf.data.Dataset.from_tensor_slices(tf.convert_to_tensor(files, tf.string)).interleave(
        lambda file: tf.data.TFRecordDataset(file, compression_type="GZIP"),
        cycle_length=_FILES_AT_ONCE,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    if makers is None:
        return records
    spec = {SYNTHETIC: tf.io.FixedLenFeature([], tf.string, default_value="")}

    def is_wanted(serialized: tf.Tensor) -> tf.Tensor:
        return tf.reduce_any(tf.io.parse_single_example(serialized, spec)[SYNTHETIC] == list(makers))

    return records.filter(is_wanted)


def shuffled_records(
    files: Sequence[str], seed: tf.Tensor, makers: Sequence[str] | None = None
) -> tf.data.Dataset:
    """Serialized examples in an order that follows from the seed: files in random order, then block by block.

    Not by `Dataset.shuffle`, whose seed also depends on TensorFlow's global one, and fails where that is 0.

    Args:
        files: paths.
        seed: int64 `[2]`.
        makers: as those of `records_of`.
    """
    order = tf.random.experimental.stateless_shuffle(tf.constant(files), tf.cast(seed, tf.int32))
    return _in_blocks(records_of(order, makers), seed, _SHUFFLED_RECORDS)


def mixed_in(
    records: tf.data.Dataset,
    count: int,
    others: tf.data.Dataset,
    times: tf.Tensor,
    seed: tf.Tensor,
) -> tf.data.Dataset:
    """All of one stream, and some of another at places that follow from the seed, evenly on the whole.

    Args:
        records: serialized examples.
        count: how many.
        others: serialized examples.
        times: int64 `[n]`, how often each of the others comes.
        seed: int64 `[2]`.
    """
    drawn = others.enumerate().filter(lambda position, _: times[position] > 0)
    repeated = drawn.flat_map(
        lambda position, record: tf.data.Dataset.from_tensors(record).repeat(times[position])
    )
    repeated = _in_blocks(repeated, tf.random.fold_in(seed, _SYNTHETIC_ORDER), _SHUFFLED_SYNTHETIC)
    stream = tf.repeat(
        tf.constant([0, 1], tf.int64), tf.stack([tf.constant(count, tf.int64), tf.reduce_sum(times)])
    )
    places = tf.random.experimental.stateless_shuffle(
        stream, tf.cast(tf.random.fold_in(seed, _PLACES), tf.int32)
    )
    return tf.data.Dataset.choose_from_datasets(
        [records, repeated], tf.data.Dataset.from_tensor_slices(places)
    )


def _in_blocks(records: tf.data.Dataset, seed: tf.Tensor, size: int) -> tf.data.Dataset:
    """Each block of records shuffled in itself."""
    # A first block of random size, so that the blocks are not the same in each epoch.
    first = tf.random.stateless_uniform([], seed, 1, size + 1, tf.int64)
    blocks = records.take(first).batch(size).concatenate(records.skip(first).batch(size))

    def shuffled(number: tf.Tensor, block: tf.Tensor) -> tf.data.Dataset:
        drawn = tf.cast(tf.random.fold_in(seed, number), tf.int32)
        return tf.data.Dataset.from_tensor_slices(tf.random.experimental.stateless_shuffle(block, drawn))

    return blocks.prefetch(1).enumerate().flat_map(shuffled)
