"""A verdict, and where the detector looked."""

from dataclasses import dataclass

from serving.verdict import Verdict


@dataclass(frozen=True)
class Explanation:
    """What a detector says about one image, and what in it spoke for a fake.

    Attributes:
        verdict: about the image.
        heat_map: float32 (H, W) in [0, 1] over the whole image, however the model stretched that: Grad-CAM of its
            logit. High is what raised the score. None where there is no verdict. `numpy.asarray` takes it as it is.
    """

    verdict: Verdict
    heat_map: memoryview | None
