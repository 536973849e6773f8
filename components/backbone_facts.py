"""What a backbone cannot be used without, above all its input range. Loads neither TensorFlow nor Keras."""

from typing import NamedTuple


class BackboneFacts(NamedTuple):
    """One entry of the table below.

    Attributes:
        constructor: its name in `keras.applications`.
        image_size: the side, in pixels, that its ImageNet weights were trained with.
        input_range: range of pixel values its input takes; the network carries its own normalisation behind it.
    """

    constructor: str
    image_size: int
    input_range: tuple[float, float] = (0.0, 255.0)


BACKBONE_FACTS = {
    "efficientnet-b0": BackboneFacts("EfficientNetB0", 224),
    "efficientnet-b1": BackboneFacts("EfficientNetB1", 240),
    "efficientnet-b2": BackboneFacts("EfficientNetB2", 260),
    "efficientnet-b3": BackboneFacts("EfficientNetB3", 300),
    "efficientnet-b4": BackboneFacts("EfficientNetB4", 380),
    "efficientnet-b5": BackboneFacts("EfficientNetB5", 456),
    "efficientnet-b6": BackboneFacts("EfficientNetB6", 528),
    "efficientnet-b7": BackboneFacts("EfficientNetB7", 600),
    "efficientnetv2-b0": BackboneFacts("EfficientNetV2B0", 224),
    "efficientnetv2-b1": BackboneFacts("EfficientNetV2B1", 240),
    "efficientnetv2-b2": BackboneFacts("EfficientNetV2B2", 260),
    "efficientnetv2-b3": BackboneFacts("EfficientNetV2B3", 300),
    "efficientnetv2-s": BackboneFacts("EfficientNetV2S", 384),
}
