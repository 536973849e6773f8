"""How often one address may ask."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable


class RateLimit:
    """A token bucket for each address: full at first, refilled evenly; the table of addresses is bounded.

    Not safe for use by several threads: it belongs to the event loop.

    Args:
        per_minute: tokens of a full bucket, and those that come back within a minute.
        addresses: most buckets; the one not used for longest goes first.
        clock: seconds, never going back.
    """

    def __init__(self, per_minute: int, addresses: int, clock: Callable[[], float] = time.monotonic):
        self._per_minute = per_minute
        self._addresses = addresses
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = (
            OrderedDict()
        )  # tokens, and when they were counted

    def seconds_to_wait(self, address: str) -> int:
        """Takes a token and returns 0, or returns the whole seconds, at least 1, until there is one."""
        key = _network(address)
        now = self._clock()
        tokens, then = self._buckets.pop(key, (float(self._per_minute), now))
        tokens = min(self._per_minute, tokens + (now - then) * self._per_minute / 60)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        while len(self._buckets) > self._addresses:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - tokens) * 60 / self._per_minute))

    def __len__(self) -> int:
        return len(self._buckets)


def _network(address: str) -> str:
    """The address, or of IPv6 the /64 network, of which one visitor has all the addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]  # a name that a test or a Unix socket gives
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed.packed[:8] + bytes(8), 64)))
