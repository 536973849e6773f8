"""A cheap answer to "has anything changed since the last import?"."""

import hashlib
import json
import os
from pathlib import Path

from data.options import ImportOptions
from data.sources.files import visible_files


def source_fingerprint(root: str | Path, options: ImportOptions | None = None) -> str:
    """Fingerprints what an import of ``root`` depends on, without opening an image.

    That is: path, size and modification time of every visible file below ``root``, the options (but
    ``beam_args``), and this package's own source, so that a changed importer imports anew.

    Returns:
        64 hexadecimal digits. Equal fingerprints mean that importing again would give the same records.

    Raises:
        BadInputError: a folder cannot be listed.
    """
    root = Path(root).expanduser().resolve()
    digest = hashlib.sha256()
    for name in visible_files(root):
        try:
            status = os.stat(root / name)
            listed = f"{status.st_size}:{status.st_mtime_ns}"
        except OSError:  # A broken link, say: it is part of the listing all the same.
            listed = "unreadable"
        digest.update(f"{name}\0{listed}\n".encode(errors="surrogateescape"))
    digest.update(json.dumps((options or ImportOptions()).as_dict(), sort_keys=True).encode())
    digest.update(code_hash().encode())
    return digest.hexdigest()


def code_hash() -> str:
    """Hashes the source files of the ``data`` package; 64 hexadecimal digits."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.pbtxt")]):
        digest.update(f"{path.relative_to(package)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
