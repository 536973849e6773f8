"""Asks a model about a folder of images, in this process, as its clients would ask a server."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.errors import BadInputError
from pipeline.monitoring.served_scores import Answer, ServedScores, collect

_BATCH = 32


def score_files(model_folder: Path, images: Sequence[Path], threshold: float) -> ServedScores:
    """Asks a model about images, in this process, through the signature that its clients use.

    Args:
        model_folder: the SavedModel.
        images: JPEG or PNG files.
        threshold: its tau.

    Raises:
        BadInputError: the model accepts none of the images.
    """
    import tensorflow as tf

    model = tf.saved_model.load(str(model_folder))
    refused = 0

    def ask(encoded: list[bytes]) -> list[Answer]:
        answers = model.signatures["serving_bytes"](image_bytes=tf.constant(encoded))
        decisions = (decision.decode() for decision in answers["decision"].numpy())
        return list(zip(answers["score"].numpy().tolist(), decisions, strict=True))

    def answers() -> Iterator[Answer]:
        nonlocal refused
        for start in range(0, len(images), _BATCH):
            encoded = [path.read_bytes() for path in images[start : start + _BATCH]]
            try:
                yield from ask(encoded)
            except tf.errors.InvalidArgumentError:
                # One image that is too small or broken has the whole batch refused.
                for one in encoded:
                    try:
                        yield from ask([one])
                    except tf.errors.InvalidArgumentError:
                        refused += 1

    served = collect(answers(), threshold)
    if not served.images:
        raise BadInputError(
            f"Expected images that the model accepts, received {len(images)} that it refuses, as {images[0]}: they "
            "are broken, no JPEG or PNG, or too small."
        )
    return dataclasses.replace(served, no_verdict=refused)
