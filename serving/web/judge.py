"""One image's verdict and map from the model server, as what the page shows, or why there is none."""

import base64
import logging
import math
import re
import time
from collections.abc import Callable

import grpc

from serving.client import Client
from serving.errors import BadInputError, ServerUnreachableError, ServingError
from serving.explanation import Explanation
from serving.verdict import Verdict
from serving.web.refusal import Refusal

MAX_MAP_POINTS = 1 << 20
"""A larger map is not shown: it is no map of this project."""

_RETRY_MAPS_AFTER_S = 60.0
_LONGEST_REASON = 300

_log = logging.getLogger("serving.web")


class Judge:
    """Asks about images; safe for use by several threads, each of which waits for its answer.

    Args:
        client: of the model server.
        clock: seconds, never going back.
    """

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic):
        self._client = client
        self._clock = clock
        self._maps_from = -math.inf

    def answer(self, image: bytes) -> dict:
        """The fields of the verdict but its path, and `map`: width, height and base64 of that many bytes, or None.

        Args:
            image: the bytes of the file.

        Raises:
            Refusal: 400 for a file that is no readable image, 502 to 504 where the model server is to blame.
        """
        try:
            explanation = self._ask(image)
        except ServerUnreachableError as error:
            _log.warning("%s", error)
            raise Refusal(503, "The model server does not answer. Try again in a minute.") from error
        except BadInputError as error:
            _log.warning("%s", error)
            raise Refusal(
                503,
                "The model server has no detector ready under the name it was asked for. Try again in a minute.",
            ) from error
        except ServingError as error:
            _log.warning("%s", error)
            if _code(error) is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise Refusal(504, "The model server took too long. Try again in a minute.") from error
            raise Refusal(502, "The model server failed at this image. Try again in a minute.") from error
        verdict = explanation.verdict
        if not verdict.ok:
            raise Refusal(400, f"The detector cannot read this file: {_in_words(verdict.error)}")
        if not all(map(math.isfinite, (verdict.score, verdict.threshold))):
            raise Refusal(502, "The model server answered with a score that is not a number.")
        fields = verdict.as_dict()
        del fields["path"], fields["error"]
        return fields | {"map": _packed(explanation.heat_map)}

    def _ask(self, image: bytes) -> Explanation:
        """With a map where the model makes one; a model that has none is not asked for it each time."""
        if self._clock() < self._maps_from:
            return Explanation(self._verdict(image), None)
        try:
            return self._client.explain(image)
        except BadInputError as error:
            verdict = self._verdict(image)
            if verdict.ok and _code(error) is grpc.StatusCode.FAILED_PRECONDITION:
                # That is how a server answers when there is no such signature; a new version may have it.
                self._maps_from = self._clock() + _RETRY_MAPS_AFTER_S
            return Explanation(verdict, None)

    def _verdict(self, image: bytes) -> Verdict:
        [verdict] = self._client.predict_images([image])
        return verdict


def _code(error: Exception) -> grpc.StatusCode | None:
    cause = error.__cause__
    return cause.code() if isinstance(cause, grpc.RpcError) and hasattr(cause, "code") else None


def _in_words(reason: str) -> str:
    """The model server's sentence without what only its developers can read."""
    sentence = re.split(r"\n|\s*\[\[|\s*\[Op:", reason.strip(), maxsplit=1)[0].strip()
    sentence = re.sub(r"^\{\{[^}]*\}\}\s*", "", sentence) or "it is no image, or a damaged one."
    return sentence if len(sentence) <= _LONGEST_REASON else sentence[:_LONGEST_REASON] + "…"


def _packed(heat_map: memoryview | None) -> dict | None:
    """A map, float32 (H, W) in [0, 1], as uint8, row by row."""
    if heat_map is None:
        return None
    height, width = heat_map.shape
    if not 0 < height * width <= MAX_MAP_POINTS:
        return None
    values = heat_map.cast("B").cast("f")
    # What is not a number, or outside of the range, is no reason to withhold the verdict.
    levels = bytes(int(min(1.0, max(0.0, value)) * 255 + 0.5) if value == value else 0 for value in values)
    return {"width": width, "height": height, "values": base64.b64encode(levels).decode()}
