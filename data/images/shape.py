"""How small and how narrow an image of a face may be."""

from data.example import aspect_ratio

#: Pixels of the shorter side. Below it a face shows too little of what tells fakes from reals: the input of the
#: network would be enlarged three and a half times and more. It travels with the model, so that what was refused
#: for training is refused for an answer, too.
SMALLEST_FACE = 64

#: Width times height. A larger image would take more than half a gigabyte while it is decoded and resized. It
#: travels with the model like the smallest face.
MOST_PIXELS = 32 * 1024 * 1024

#: The longer side over the shorter one. A crop of a face is hardly ever longer than twice its width; what is, is a
#: strip or a banner, and would be squeezed beyond recognition.
LARGEST_ASPECT_RATIO = 3.0


def is_too_small(width: int, height: int, smallest_face: int) -> bool:
    """Whether an image of so many pixels is refused for its size."""
    return min(width, height) < smallest_face


def is_too_narrow(width: int, height: int) -> bool:
    """Whether an image of so many pixels (each at least 1) is refused for its shape."""
    return aspect_ratio(width, height) > LARGEST_ASPECT_RATIO
