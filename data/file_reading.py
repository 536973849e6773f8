"""Reading one file that somebody else made: whole, or refused with its reason."""

import os
import stat

from data.quarantine import RejectedImageError


def read_file(path: str, max_bytes: int) -> bytes:
    """Returns the bytes of a regular file.

    Raises:
        RejectedImageError: with reason broken_link, unreadable, empty or too_large.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            # Opening a named pipe or a device could wait for ever.
            raise RejectedImageError("unreadable", "neither a regular file nor a link to one")
        if status.st_size > max_bytes:
            raise RejectedImageError("too_large", f"{status.st_size} bytes, at most {max_bytes} allowed")
        with open(path, "rb") as file:
            # What is appended meanwhile must not be read without a bound.
            encoded = file.read(max_bytes + 1)
    except OSError as error:
        is_dead_link = os.path.islink(path) and not os.path.exists(path)
        reason = "broken_link" if is_dead_link else "unreadable"
        raise RejectedImageError(reason, error.strerror or str(error)) from error
    if len(encoded) > max_bytes:
        raise RejectedImageError("too_large", f"more than {max_bytes} bytes")
    if not encoded:
        raise RejectedImageError("empty", "0 bytes")
    return encoded
