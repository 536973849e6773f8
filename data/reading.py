"""The bytes of an image, wherever its source keeps them."""

from data.file_reading import read_file
from data.images.crop import crop
from data.images.decode_check import Limits
from data.sources.base import SourceImage
from data.sources.zip_reading import read_member


def read_image(image: SourceImage, limits: Limits) -> bytes:
    """Reads the file, or the member of an archive, and cuts the image out of it where it is a part only.

    Returns:
        An encoded image, not yet checked: the bytes as they came, or a PNG of the part.

    Raises:
        RejectedImageError: it cannot be read, or what it is a part of cannot be used.
    """
    if image.member is None:
        encoded = read_file(image.path, limits.max_bytes)
    else:
        encoded = read_member(image.path, image.member, limits.max_bytes)
    return encoded if image.box is None else crop(encoded, image.box, limits.max_pixels)
