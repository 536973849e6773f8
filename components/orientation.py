"""Which way up a JPEG is meant to be shown, as a graph: the rule of `data.images.orientation`, for a served model."""

import tensorflow as tf

from data.images.orientation import MOST_ENTRIES, SEARCHED_BYTES

_TAG, _SHORT = 0x0112, 3
_EXIF = tuple(b"Exif\0\0")


def exif_orientation(encoded: tf.Tensor) -> tf.Tensor:
    """The orientation of an encoded image.

    Args:
        encoded: string scalar, a JPEG or anything else.

    Returns:
        int32 scalar, 1 (upright) to 8.
    """
    head = tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, 0, SEARCHED_BYTES), tf.uint8), tf.int32)
    size = tf.size(head)
    # So that every look-up finds something; what lies behind the end is told by its position.
    head = tf.concat([head, tf.zeros([16], tf.int32)], 0)

    def at(position: tf.Tensor) -> tf.Tensor:
        return head[tf.clip_by_value(position, 0, size)]

    start = _tiff_start(at, size)
    return tf.cond(start > 0, lambda: _read_tag(at, size, start), lambda: 1)


def upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns and mirrors an image to be upright.

    Args:
        pixels: `[height, width, 3]` as decoded.
        orientation: int32 scalar, 1 to 8.

    Returns:
        The image, `[width, height, 3]` for 5 to 8.
    """

    def turned() -> tf.Tensor:
        image = tf.cond(orientation >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
        rows = tf.reduce_any(tf.equal(orientation, (3, 4, 7, 8)))
        columns = tf.reduce_any(tf.equal(orientation, (2, 3, 6, 7)))
        image = tf.cond(rows, lambda: tf.reverse(image, [0]), lambda: image)
        return tf.cond(columns, lambda: tf.reverse(image, [1]), lambda: image)

    return tf.ensure_shape(tf.cond(orientation > 1, turned, lambda: pixels), (None, None, 3))


def _tiff_start(at, size: tf.Tensor) -> tf.Tensor:
    """Where the contents of the first EXIF segment begin; 0 where there is none."""

    def is_segment(position: tf.Tensor) -> tf.Tensor:
        marker, length = at(position + 1), at(position + 2) * 256 + at(position + 3)
        return (
            (position + 4 <= size)
            & (at(position) == 0xFF)
            & (marker != 0xDA)
            & (marker != 0xD9)
            & (length >= 2)
        )

    def is_exif(position: tf.Tensor) -> tf.Tensor:
        same = [at(position + 4 + place) == byte for place, byte in enumerate(_EXIF)]
        return (at(position + 1) == 0xE1) & tf.reduce_all(tf.stack(same)) & (position + 10 <= size)

    found = tf.while_loop(
        lambda position: is_segment(position) & ~is_exif(position),
        lambda position: (position + 2 + at(position + 2) * 256 + at(position + 3),),
        (tf.constant(2),),
        parallel_iterations=1,
    )[0]
    is_jpeg = (at(0) == 0xFF) & (at(1) == 0xD8)
    return tf.where(is_jpeg & is_segment(found) & is_exif(found), found + 10, 0)


def _read_tag(at, size: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
    first = tf.stack([at(start + place) for place in range(4)])
    little, big = (tf.reduce_all(first == list(mark)) for mark in (b"II*\0", b"MM\0*"))

    def short(position: tf.Tensor) -> tf.Tensor:
        low, high = at(position), at(position + 1)
        return tf.where(little, high * 256 + low, low * 256 + high)

    def long(position: tf.Tensor) -> tf.Tensor:
        one, other = tf.cast(short(position), tf.int64), tf.cast(short(position + 2), tf.int64)
        return tf.where(little, other * 65536 + one, one * 65536 + other)

    # In 64 bits, as four bytes may point anywhere.
    directory = tf.cast(start, tf.int64) + long(start + 4)
    directory = tf.cast(tf.minimum(directory, tf.cast(size, tf.int64)), tf.int32)
    count = tf.minimum(short(directory), MOST_ENTRIES)

    def there(entry: tf.Tensor) -> tf.Tensor:
        return (entry < count) & (directory + 2 + 12 * (entry + 1) <= size)

    entry = tf.while_loop(
        lambda entry: there(entry) & (short(directory + 2 + 12 * entry) != _TAG),
        lambda entry: (entry + 1,),
        (tf.constant(0),),
        parallel_iterations=1,
    )[0]
    place = directory + 2 + 12 * entry
    value = short(place + 8)
    is_known = (little | big) & there(entry) & (short(place + 2) == _SHORT) & (value >= 1) & (value <= 8)
    return tf.where(is_known & (start + 8 <= size) & (directory + 2 <= size), value, 1)
