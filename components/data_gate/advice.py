"""What to do about a fault: the images or records to mend, or the entry of the schema to loosen."""

from data.example import ASPECT_RATIO_KEY, CHANNELS_KEY, COLUMN_PREFIX, IMAGE_KEY, LABEL_KEY, SPAN_KEY
from data.record_folder import SCHEMA_FILE

BESIDE = f"{SCHEMA_FILE} beside the records"
"""Where a person may loosen the schema."""

NO_IMAGES = "Leave out the files that are no JPEG or PNG, and import anew."
MISSING = "Import the images anew, or leave these out."

_OF_VALUES = {
    IMAGE_KEY: NO_IMAGES,
    LABEL_KEY: "Only 0 (real) and 1 (fake) are known: correct the labels, or leave these images out.",
    CHANNELS_KEY: "Leave these images out, or import with grey images allowed (image/channels, min: 1).",
    ASPECT_RATIO_KEY: f"Crop such images to the face, or raise max of '{ASPECT_RATIO_KEY}' in {BESIDE}.",
    SPAN_KEY: "Spans are numbered from 1: import the images anew.",
}


def advice(name: str, domain: str) -> str:
    """What to do about values out of the domain of a feature.

    Args:
        name: of the feature.
        domain: the field of the schema that bounds it, such as `string_domain`.
    """
    if name in _OF_VALUES:
        return _OF_VALUES[name]
    if domain == "string_domain":
        what = "annotation" if name.startswith(COLUMN_PREFIX) else "records"
        return f"Correct the {what}, or, if they are right, add them to the string_domain of '{name}' in {BESIDE}."
    return f"Leave these images out, or, if they are meant, widen the {domain} of '{name}' in {BESIDE}."
