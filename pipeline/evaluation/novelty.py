"""Whether images are new to the model that is to be measured on them."""

from pathlib import Path

from data.errors import BadInputError
from data.example import SPLITS
from pipeline.evaluation.evaluation_report import ALL
from pipeline.evaluation.learned_from import images_learned_from, images_of, training_records
from pipeline.local_run import LocalSession
from pipeline.pushed_model import PushedModel

MAX_KNOWN_SHARE = 0.01
"""With more of the images learned from than that, metrics would tell of memory."""


def check_new(
    model: PushedModel, records: Path, splits: tuple[str, ...], session: LocalSession
) -> int | None:
    """How many images of some splits of records a model has learned from; told in the session.

    Returns:
        None where that cannot be told.

    Raises:
        BadInputError: they are more than `MAX_KNOWN_SHARE`, or the records are those it was trained on.
    """
    learned_from = training_records(model, session.workspace)
    if learned_from is None or not learned_from.is_dir():
        session.tell(
            "not known  what the model has learned from: nobody has checked that these images are new to it"
        )
        return None
    if learned_from.resolve() == records and set(splits) != {SPLITS[-1]}:
        raise BadInputError(
            f"--split: expected '{SPLITS[-1]}', as the model was trained on the other splits of these very records, "
            f"{records}; received '{ALL if len(splits) > 1 else splits[0]}'."
        )
    images = images_of(records, splits)
    learned = images_learned_from(learned_from)
    known = sum(not learned.isdisjoint(digests) for digests in images.values())
    if known > MAX_KNOWN_SHARE * len(images):
        raise BadInputError(
            f"Expected images that are new to the model, received {len(images):,}, {known:,} of which it was trained "
            f"on: they, or what they were made of, are in train or val of {learned_from}. Evaluate it on those "
            f"records with --split {SPLITS[-1]}, or on other images."
        )
    if known:
        session.tell(f"known      {known:,} of {len(images):,} images the model has learned from")
    return known
