"""Estimating the quality setting that a JPEG was saved with.

A data set whose fakes were saved at another quality than its reals teaches a detector to read quantisation
tables. The estimate makes that visible: it is stored with each image, and audits and slices use it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

# Luminance table of ITU-T T.81 (the JPEG standard), annex K, table K.1, row by row.
_STANDARD_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
).ravel()


def _tables_by_quality() -> np.ndarray:
    """The luminance tables that the Independent JPEG Group's library uses for qualities 1 to 100, [100, 64].

    Source: libjpeg, jcparam.c, ``jpeg_quality_scaling`` and ``jpeg_add_quant_table`` (with
    ``force_baseline``).
    """
    quality = np.arange(1, 101)
    percent = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return np.clip((_STANDARD_LUMINANCE * percent[:, None] + 50) // 100, 1, 255)


_TABLES = _tables_by_quality()


def estimate_quality(quantization: Mapping[int, Sequence[int]]) -> int:
    """Returns the IJG quality, 1 to 100, whose luminance table is nearest to the given one.

    Exact for files written by the IJG library, libjpeg-turbo, Pillow or TensorFlow with their standard
    tables; the nearest equivalent (least sum of absolute differences) for encoders with tables of their own.

    Args:
        quantization: tables by number as ``PIL.JpegImagePlugin.JpegImageFile.quantization`` holds them: 64
            integers each, row by row. Table 0 is luminance by convention.

    Returns:
        The quality, or 0 where the file has no table 0.
    """
    luminance = quantization.get(0)
    if luminance is None or len(luminance) != 64:
        return 0
    return int(np.abs(_TABLES - np.asarray(luminance)).sum(axis=1).argmin()) + 1
