"""What one visitor, and all of them together, may ask of the gateway."""

from dataclasses import dataclass, fields

from serving.errors import BadInputError


@dataclass(frozen=True)
class Limits:
    """Bounds of time and memory: there are concurrent_requests images in memory at most, a few copies of each.

    Attributes:
        max_image_bytes: of one image file.
        requests_per_minute: of one address, in the long run; as many may come at once.
        concurrent_requests: images that are received or judged at the same time; more wait.
        upload_seconds: within which an image must have arrived.
        wait_seconds: that a request waits for its turn.
        addresses: that are remembered with what they asked for; the one not heard of for longest is forgotten.

    Raises:
        BadInputError: a number is not above 0.
    """

    max_image_bytes: int = 32 << 20
    requests_per_minute: int = 60
    concurrent_requests: int = 8
    upload_seconds: float = 60.0
    wait_seconds: float = 10.0
    addresses: int = 10_000

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if value <= 0:
                raise BadInputError(f"expected {field.name} above 0, received {value}")


DEFAULT = Limits()
"""Fit for one machine with a few visitors."""
