"""What tells one file from another."""

import hashlib
import os
from pathlib import Path


def sha256_of(path: str | os.PathLike) -> str:
    """Of a file's bytes, however many, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
