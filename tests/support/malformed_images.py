"""Files that are no image, hardly one, or one that says it is huge; and the mutation of any bytes."""

import io
import random
import struct
import zlib

import numpy as np
from PIL import Image


def mutated(rng: random.Random, content: bytes, other: bytes = b"") -> bytes:
    """Bits flipped, cut, doubled, spliced, or several of these."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        what, place = rng.randrange(6), rng.randrange(len(found) + 1)
        if what == 0 and found:
            for _ in range(rng.choice((1, 2, 8, 64))):
                found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        elif what == 1:
            del found[place:]
        elif what == 2:
            del found[place : place + rng.choice((1, 4, 100))]
        elif what == 3:
            found[place:place] = rng.randbytes(rng.choice((1, 4, 100)))
        elif what == 4:
            found[place:] = other[rng.randrange(len(other) + 1) :]
        else:
            found[place:place] = found[: rng.choice((1, 8, 200))]
    return bytes(found)


def image(rng: random.Random, images: list[bytes]) -> bytes:
    """No image, hardly an image, an image of another kind, or one that says it is huge."""
    what = rng.randrange(10)
    if what < 6:
        return mutated(rng, rng.choice(images), rng.choice(images))
    if what == 6:
        return _huge(rng)
    if what == 7:
        kind = rng.choice(("WEBP", "TIFF", "BMP", "GIF", "ICO", "PPM", "TGA"))
        shape = rng.choice(((1, 1), (3, 200, 3), (40, 48, 4)))
        buffer = io.BytesIO()
        Image.fromarray(np.full(shape, 9, np.uint8)).convert("RGB").save(buffer, kind)
        return buffer.getvalue() if rng.random() < 0.5 else mutated(rng, buffer.getvalue())
    if what == 8:
        magic = rng.choice(
            (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP", b"")
        )
        return magic + rng.randbytes(rng.choice((0, 1, 30, 3000)))
    return rng.choice((b"", b"\0" * 100_000, b"<svg/>", b"{{node " * 5000, "é".encode() * 50))


def _huge(rng: random.Random) -> bytes:
    """A header that declares far more pixels than follow."""
    width, height = rng.choice(((65535, 65535), (2**31 - 1, 1), (60000, 10), (100_000, 100_000), (0, 0)))
    what = rng.randrange(3)
    if what == 0:
        header = b"IHDR" + struct.pack(
            ">IIBBBBB", width, height, rng.choice((8, 16)), rng.choice((0, 2, 6)), 0, 0, 0
        )
        data = b"IDAT" + zlib.compress(b"\0" * 1000)
        chunks = [
            struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one))
            for one in (header, data, b"IEND")
        ]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    if what == 1:
        return (
            b"GIF89a" + struct.pack("<HHBBB", width % 65536, height % 65536, 0x80, 0, 0) + rng.randbytes(60)
        )
    return (
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 200, 0, 54, 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(99)
    )
