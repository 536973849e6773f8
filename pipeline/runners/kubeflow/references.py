"""Images and buckets as text: which can be compiled with. Imports nothing of TFX: a mistake is told at once."""

import re

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][-.A-Za-z0-9_]{0,127}")
_PART = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"({_PART}:\d+/)?{_PART}(/{_PART})*")

_BUCKET = r"://[^/?\s]+(/.*)?"
_FOR_KUBEFLOW, _FOR_VERTEX = re.compile(rf"(gs|s3|minio){_BUCKET}"), re.compile(rf"gs{_BUCKET}")


def image_problem(image: str) -> str | None:
    """Why an image cannot be used, as a sentence without its full stop; None if it can.

    An image is pinned, by a tag that stays or by a digest, so that a run can be repeated.
    """
    name, at, digest = image.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return f"A digest is sha256: and 64 hexadecimal digits; this is '{image}'"
    # A colon before the last slash is that of a port.
    folder, _, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    if not _REPOSITORY.fullmatch(f"{folder}/{last}" if folder else last):
        return f"An image is REPOSITORY:TAG or REPOSITORY@sha256:DIGEST; this is '{image}'"
    if colon and not _TAG.fullmatch(tag):
        return f"A tag is up to 128 letters, digits, '_', '.' and '-'; this is '{tag}'"
    if at:
        return None
    if not colon:
        return f"An image is pinned by a tag or a digest, as another one may come tomorrow; this is '{image}'"
    return f"A tag that moves pins nothing; this is '{image}'" if tag == "latest" else None


def root_problem(uri: str, for_vertex: bool) -> str | None:
    """Why artifacts cannot lie below a URI, as a sentence without its full stop; None if they can."""
    if (_FOR_VERTEX if for_vertex else _FOR_KUBEFLOW).fullmatch(uri):
        return None
    known = "gs://BUCKET/…" if for_vertex else "gs://BUCKET/…, s3://BUCKET/… and minio://BUCKET/…"
    return f"The server keeps artifacts at {known}, and not at '{uri}'"


def place_problem(place: str, for_vertex: bool) -> str | None:
    """Why nodes cannot open a place that is no artifact, as a sentence without its full stop; None if they can.

    Artifacts are mirrored into the containers, from any object store. Other places TFX opens itself, and it knows
    Google's alone.
    """
    if _FOR_VERTEX.fullmatch(place) or (place.startswith("/") and not for_vertex):
        return None
    known = "gs://BUCKET/…" if for_vertex else "gs://BUCKET/… and /PATH on a volume that the nodes mount"
    return f"The nodes can open {known}, and not '{place}'"
