"""What an encoded image says of itself, read in the graph before a pixel is decoded.

So TensorFlow Serving refuses what the import refused for training.
"""

import tensorflow as tf

from data.images.shape import MOST_PIXELS

_JPEG_START, _PNG_START = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_PNG_HEADER_BYTES = 26
_FOREIGN_STARTS = (b"GIF8", b"BM", b"\xff\x0a", b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a")


def check_header(encoded: tf.Tensor, smallest_face: int) -> tf.Tensor:
    """Passes an encoded image on if its header allows it to be decoded.

    Args:
        encoded: string scalar.
        smallest_face: least pixels of the shorter side.

    Returns:
        `encoded`. What is no image at all passes, too: the decoder says so.

    Raises:
        tf.errors.InvalidArgumentError: when run on an image of another format, an animation, an image in CMYK, one
            with more than `MOST_PIXELS`, or with a shorter side below `smallest_face`.
    """
    is_jpeg = _starts(encoded, _JPEG_START)
    is_png = _starts(encoded, _PNG_START) & (tf.strings.length(encoded) >= _PNG_HEADER_BYTES)
    height, width, channels = tf.unstack(
        tf.cond(
            is_jpeg,
            lambda: tf.cast(tf.io.extract_jpeg_shape(encoded), tf.int64),
            lambda: tf.cond(is_png, lambda: _png_shape(encoded), lambda: tf.constant((0, 0, 0), tf.int64)),
        )
    )
    is_known = is_jpeg | is_png

    def sized(expected: str) -> list[tf.Tensor]:
        text = f"Expected an image {expected}, received one of {{}} x {{}} (width x height)"
        return [tf.strings.format(text, (width, height))]

    checks = [
        tf.debugging.Assert(
            ~_is_foreign(encoded), ["Expected a JPEG or PNG image, received a GIF, BMP, WebP or JPEG XL"]
        ),
        tf.debugging.Assert(
            ~(is_png & _is_animated(encoded)), ["Expected a single picture, received an animated PNG"]
        ),
        tf.debugging.Assert(
            channels < 4,
            ["Expected an image in RGB or grey, received one of four colours (CMYK)"],
        ),
        tf.debugging.Assert(height * width <= MOST_PIXELS, sized(f"of at most {MOST_PIXELS} pixels")),
        tf.debugging.Assert(
            ~is_known | (tf.minimum(height, width) >= smallest_face),
            sized(f"with a shorter side of at least {smallest_face} pixels"),
        ),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(encoded)


def _starts(encoded: tf.Tensor, mark: bytes) -> tf.Tensor:
    return tf.equal(tf.strings.substr(encoded, 0, len(mark)), mark)


def _is_foreign(encoded: tf.Tensor) -> tf.Tensor:
    """Whether it is of a format that some release of TensorFlow decodes, but that no import takes."""
    is_webp = _starts(encoded, b"RIFF") & tf.strings.regex_full_match(
        tf.strings.substr(encoded, 0, 16), r"(?s)RIFF\C{4}WEBP\C*"
    )
    is_other = [_starts(encoded, mark) for mark in _FOREIGN_STARTS]
    return is_webp | tf.reduce_any(tf.stack(is_other))


def _png_shape(encoded: tf.Tensor) -> tf.Tensor:
    """Height, width, and 3 for channels: a PNG knows no CMYK."""
    header = tf.io.decode_raw(tf.strings.substr(encoded, 16, 8), tf.int32, little_endian=False)
    width, height = tf.unstack(tf.cast(tf.reshape(header, [2]), tf.int64))
    return tf.stack([height, width, 3])


def _is_animated(encoded: tf.Tensor) -> tf.Tensor:
    """Whether the chunk that announces an animation stands before the first picture."""
    head = tf.strings.split(tf.strings.substr(encoded, 0, 1 << 16), b"IDAT", maxsplit=1)[0]
    return tf.size(tf.strings.split(head, b"acTL", maxsplit=1)) > 1
