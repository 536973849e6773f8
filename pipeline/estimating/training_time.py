"""How long the stages of a training take, at a given speed of the device."""

from components.backbone_facts import BACKBONE_FACTS
from components.settings import ModelSettings
from components.settings.training import AdversarialSettings, StageSettings
from pipeline.config import PipelineConfig
from pipeline.estimating import figures


class Speeds:
    """Seconds that a device takes for an image.

    Args:
        model: the network; it scales what was measured by its multiply-adds and pixels.
        images_per_second: trained with all layers of this network at this size; None for the measured processor.

    Attributes:
        measured: whether this very network was measured at this size.
    """

    def __init__(self, model: ModelSettings, images_per_second: float | None = None) -> None:
        reference = figures.reference_of(model.backbone)
        work = figures.MULTIPLY_ADDS[model.backbone] / figures.MULTIPLY_ADDS[reference]
        pixels = (model.input_size / BACKBONE_FACTS[model.backbone].image_size) ** 2
        own = figures.ALL_LAYERS[reference].value / (work * pixels)
        self.measured = images_per_second is None and model.backbone == reference and pixels == 1.0
        self._all = 1 / (images_per_second or own)

    def forward(self) -> float:
        """Through the network, without training."""
        return self._all * figures.ALL_LAYERS[figures.BACKBONE].value / figures.FORWARD.value

    def training(self, stage: StageSettings) -> float:
        """One image of one epoch of a stage that sees pixels."""
        whole = figures.ALL_LAYERS[figures.BACKBONE].value
        frozen, last = (self._all * whole / one.value for one in (figures.FROZEN, figures.LAST_LAYERS))
        if stage.trainable == "none":
            return frozen
        if not isinstance(stage.trainable, int):
            # From a named block on: not more than all of them.
            return self._all
        layers, most = figures.LAST_LAYERS_COUNT, figures.BACKBONE_LAYERS
        if stage.trainable <= layers:
            return frozen + (last - frozen) * stage.trainable / layers
        return last + (self._all - last) * min(1.0, (stage.trainable - layers) / (most - layers))

    def attacking(self, adversarial: AdversarialSettings | None) -> float:
        """What attacks add to one image of one epoch: each step goes through all layers and back."""
        if adversarial is None:
            return 0.0
        return adversarial.share * (adversarial.steps if adversarial.method == "pgd" else 1) * self._all


def stage_seconds(stage: StageSettings, config: PipelineConfig, images: int, speeds: Speeds) -> float:
    """All epochs of a stage, and the passes over val and test that its row of the phase table takes.

    Args:
        stage: one of the configuration's; its epochs are the most that it runs.
        config: says how the images are split.
        images: of all splits, without synthetic ones; of those as many are taken to be there as an epoch draws.
        speeds: of the device.
    """
    val, test = images * config.data.validation_share, images * config.data.test_share
    train = (images - val - test) / (1 - sum(stage.synthetic.values()))
    rows = (val + test) * speeds.forward()
    if stage.on_embeddings or stage.augmented_views:
        passes = train * max(1, stage.augmented_views) + val
        head = stage.epochs * train * max(1, stage.augmented_views) / figures.HEAD_ON_EMBEDDINGS.value
        return rows + passes * speeds.forward() + head
    return rows + stage.epochs * (
        train * (speeds.training(stage) + speeds.attacking(stage.adversarial)) + val * speeds.forward()
    )
