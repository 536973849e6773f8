"""Which requests come from this page itself: no other site may make a visitor's browser ask."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def is_cross_site(headers: Headers) -> bool:
    """Whether a browser sent this for a page of another origin. What is no browser says nothing, and may ask.

    Args:
        headers: of a request whose Host has passed `is_known_host`, where hosts are known.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    # Browsers leave that header out where the page came over plain HTTP from another machine.
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        asking = urlsplit(origin).netloc
    except ValueError:
        return True
    return not asking or asking != headers.get("host")  # "null" has none


def is_known_host(host: str, names: Collection[str]) -> bool:
    """Whether a Host header names this gateway: an address, localhost, or one of the names that it goes by.

    Another site can point its own name at this machine's address and then count as the same origin (DNS rebinding);
    an address in numbers cannot be taken over like that.

    Args:
        host: the header, with or without a port; may be empty.
        names: in lower case, without port; "*" is any.
    """
    if "*" in names:
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
        ipaddress.ip_address(name)
    except ValueError:
        return name_of(host) in {"localhost", *names}
    return True


def name_of(host: str) -> str:
    """The name in a Host header, in lower case, without port and the dot of the root."""
    return host.rpartition(":")[0].lower().rstrip(".") if ":" in host else host.lower().rstrip(".")
