"""A cheap answer to "has anything changed since the last import?"."""

import hashlib
import json
from pathlib import Path

from data.options import ImportOptions
from data.sources import ImageSource


def source_fingerprint(source: ImageSource, options: ImportOptions) -> str:
    """Fingerprints what an import depends on, without opening an image.

    That is: name, size and modification time of every file of the source, the options (but ``beam_args``), and this
    package's own code, so that a changed importer imports anew.

    Returns:
        64 hexadecimal digits. Equal fingerprints mean that importing again would give the same records.

    Raises:
        BadInputError: a folder cannot be listed.
    """
    digest = hashlib.sha256()
    for name, stamp in source.stamps():
        digest.update(f"{name}\0{stamp}\n".encode(errors="surrogateescape"))
    digest.update(source.layout.encode())
    digest.update(json.dumps(options.as_dict(), sort_keys=True).encode())
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
