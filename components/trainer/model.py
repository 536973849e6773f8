"""The detector: pixels in [0, 1] to the logit of P(fake)."""

import dataclasses
import re

import keras

from components import preprocessing
from components.backbone_facts import BACKBONE_FACTS
from components.settings import ModelSettings, StageSettings
from components.trainer.backbones import build_backbone


@dataclasses.dataclass(frozen=True)
class Detector:
    """The parts of one detector; every model built from them shares their weights.

    Attributes:
        to_backbone_range: scales pixels in [0, 1] to the range the backbone was trained with.
        backbone: feature extractor, float32 `[N, S, S, 3]` to feature maps `[N, h, w, C]`.
        pooling: feature maps to embeddings `[N, C]`.
        head: embeddings `[N, C]` to logits `[N, 1]`.
    """

    to_backbone_range: keras.layers.Layer
    backbone: keras.Model
    pooling: keras.layers.Layer
    head: keras.Sequential

    def embedder(self) -> keras.Model:
        """The frozen part alone: pixels in [0, 1] to embeddings."""
        pixels = keras.Input(self.backbone.input_shape[1:], name="pixels")
        return keras.Model(pixels, self._embed(pixels, training=False), name="embedder")

    def head_on_embeddings(self) -> keras.Model:
        """The part that always trains, alone: embeddings `[N, C]` to logits `[N, 1]`.

        A model around the head: compiling the head itself would save its optimizer with every detector.
        """
        embeddings = keras.Input(self.head.input_shape[1:], name="embeddings")
        return keras.Model(embeddings, self.head(embeddings), name="head_on_embeddings")

    def model(self, trains_backbone: bool = False) -> keras.Model:
        """The whole: float32 `[N, S, S, 3]` in [0, 1] to float32 logits `[N, 1]`; sigmoid(logit) is P(fake).

        Args:
            trains_backbone: whether the backbone's stochastic depth and its *trainable* BatchNormalization follow
                the mode of the call. A BatchNormalization layer that is frozen stays in inference mode either way.
        """
        pixels = keras.Input(self.backbone.input_shape[1:], name="pixels")
        embedding = self._embed(pixels, training=None if trains_backbone else False)
        return keras.Model(pixels, self.head(embedding), name="detector")

    def _embed(self, pixels: keras.KerasTensor, training: bool | None) -> keras.KerasTensor:
        return self.pooling(self.backbone(self.to_backbone_range(pixels), training=training))


def build_detector(settings: ModelSettings, seed: int) -> Detector:
    """Builds a detector with a fresh head.

    Args:
        settings: which backbone, which weights, which head.
        seed: makes the initial weights of the head, and of a backbone without weights, reproducible.

    Raises:
        WeightsError: when the backbone's weights cannot be had.
    """
    keras.utils.set_random_seed(seed)
    backbone = build_backbone(settings.backbone, settings.weights, settings.input_size)
    if settings.batch_normalization_momentum is not None:
        for layer in backbone.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = settings.batch_normalization_momentum
    low, high = BACKBONE_FACTS[settings.backbone].input_range
    assumed_low, assumed_high = preprocessing.VALUE_RANGE
    scale = (high - low) / (assumed_high - assumed_low)
    return Detector(
        to_backbone_range=keras.layers.Rescaling(
            # float32 even under mixed precision, which would round pixels in [0, 1] by half a grey level.
            scale,
            offset=low - assumed_low * scale,
            name="to_backbone_range",
            dtype="float32",
        ),
        backbone=backbone,
        pooling=keras.layers.GlobalAveragePooling2D(name="pooling"),
        head=_build_head(settings, backbone.output_shape[-1], seed),
    )


def _build_head(settings: ModelSettings, embedding_size: int, seed: int) -> keras.Sequential:
    layers: list[keras.layers.Layer] = [keras.Input((embedding_size,))]
    for index, (units, dropout) in enumerate(
        zip(settings.head_units, settings.head_dropout, strict=True), start=1
    ):
        layers.append(keras.layers.Dense(units, activation="relu", name=f"dense_{index}"))
        layers.append(keras.layers.Dropout(dropout, seed=seed + index, name=f"dropout_{index}"))
    # float32 even under mixed precision: the loss and the calibration need the full range of the logit.
    layers.append(keras.layers.Dense(1, dtype="float32", name="logit"))
    return keras.Sequential(layers, name="head")


def set_trainable(backbone: keras.Model, stage: StageSettings, pretrained: bool) -> int:
    """Freezes and unfreezes the layers of a backbone as a stage asks.

    The model must be compiled *after* this call: a compiled model goes on training what it trained before.

    Returns:
        The number of backbone layers with weights that now train.

    Raises:
        ValueError: when the stage asks for more layers than the backbone has, or for a layer it does not have.
    """
    layers = backbone.layers
    first = _first_trainable(backbone, stage)
    trains_batch_normalization = stage.trains_batch_normalization(pretrained)
    backbone.trainable = True
    for position, layer in enumerate(layers):
        frozen_statistics = (
            isinstance(layer, keras.layers.BatchNormalization) and not trains_batch_normalization
        )
        layer.trainable = position >= first and not frozen_statistics
    return sum(bool(layer.trainable_weights) for layer in layers)


def _first_trainable(backbone: keras.Model, stage: StageSettings) -> int:
    """Position of the first layer that trains; the number of layers when none does."""
    layers, asked = backbone.layers, stage.trainable
    if asked == "none":
        return len(layers)
    if asked == "all":
        return 0
    if isinstance(asked, int) and asked <= len(layers):
        return len(layers) - asked
    if isinstance(asked, str):
        for position, layer in enumerate(layers):
            if layer.name == asked or layer.name.startswith(f"{asked}_"):
                return position
    raise ValueError(
        f"stage '{stage.name}': expected trainable to be none, all, at most {len(layers)} (the layers of "
        f"{backbone.name}), or a layer or block of it ({_blocks(backbone)}), received {asked}"
    )


def _blocks(backbone: keras.Model) -> str:
    """The blocks of a backbone in short, such as `stem, block1a, block2a-b, top`."""
    convolutions = (layer.name for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D))
    prefixes = dict.fromkeys(name.split("_")[0] for name in convolutions)
    numbered: dict[str, list[str]] = {}
    for prefix in prefixes:
        match = re.fullmatch(r"(block\d+)([a-z]+)", prefix)
        numbered.setdefault(match[1] if match else prefix, []).append(match[2] if match else "")
    return ", ".join(
        f"{block}{letters[0]}" + (f"-{letters[-1]}" if len(letters) > 1 else "")
        for block, letters in numbered.items()
    )
