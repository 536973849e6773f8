"""Drawing small synthetic faces, so that the project can be tried without any data set.

The faces are cartoons with the properties of photographs that matter here: varied skin, hair, eyes, clothes,
poses, backgrounds and light, a lens that blurs a little, a sensor that is noisy, and JPEG. Half of them are
then tampered with (:mod:`data.demo.tampering`). They show that the pipeline works, not how well a detector
does on photographs.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from data.atomic_folder import atomic_folder
from data.demo.tampering import tamper
from data.errors import BadInputError
from data.example import FAKE, LABEL_MAP
from data.images.shape import SMALLEST_FACE

# Drawn larger and then reduced, which smooths the edges; with a margin, which turning the picture uses up.
_OVERSAMPLING = 3
_MARGIN = 1.3

_SKIN_TONES = ((255, 224, 196), (241, 194, 160), (224, 172, 120), (198, 134, 86), (141, 85, 48), (92, 58, 38))
_HAIR_COLOURS = ((28, 22, 20), (70, 44, 28), (120, 78, 40), (196, 156, 92), (150, 60, 32), (150, 148, 146))
_IRIS_COLOURS = ((70, 44, 24), (52, 92, 130), (70, 110, 70), (110, 90, 60))


@dataclass(frozen=True)
class Face:
    """A drawn face.

    Attributes:
        pixels: float32 array [size, size, 3], values 0 to 255.
        centre: x and y of the middle of the face, in pixels.
        radii: half the width and half the height of the face, in pixels.
    """

    pixels: np.ndarray
    centre: tuple[float, float]
    radii: tuple[float, float]


def draw_demo_set(
    out_dir: str | Path,
    count: int = 1200,
    seed: int = 0,
    size: int = 96,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Draws ``count`` JPEG files, half of them into ``out_dir/real``, half into ``out_dir/fake``.

    Every file shows a face of its own: no fake is made from a face that is also among the reals, so that no
    two files belong to one group. Both classes draw their light, blur, noise and JPEG quality (80 to 95) from
    the same distributions. The same arguments give the same files.

    Args:
        out_dir: a folder that does not exist yet or is empty.
        count: number of images, even and at least 2.
        seed: another seed gives other faces.
        size: width and height in pixels, at least 64: the smallest that an import takes.
        progress: called as ``progress("draw", done, count)``.

    Raises:
        BadInputError: an argument is out of its range, or ``out_dir`` is not empty.
    """
    target = Path(out_dir).expanduser().resolve()
    if count < 2 or count % 2:
        raise BadInputError(f"Expected an even number of images, at least 2, received {count}.")
    if size < SMALLEST_FACE:
        raise BadInputError(
            f"Expected a size of at least {SMALLEST_FACE} pixels, received {size}: smaller faces show nothing."
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInputError(f"Expected a new or empty folder at {target}, found files. Choose another one.")
    with atomic_folder(target) as folder:
        for name in LABEL_MAP:
            (folder / name).mkdir()
        for number in range(count):
            name = ("real", "fake")[number % 2]
            encoded = draw_image(LABEL_MAP[name], number // 2, seed, size)
            (folder / name / f"{number // 2:04d}.jpg").write_bytes(encoded)
            if progress:
                progress("draw", number + 1, count)


def draw_image(label: int, number: int, seed: int, size: int) -> bytes:
    """Draws one image of the demo set: a face if ``label`` is 0, a tampered one if it is 1.

    Returns:
        The bytes of a JPEG file of ``size`` x ``size`` pixels.
    """
    rng = np.random.default_rng([seed, label, number])
    face = draw_face(rng, size)
    pixels = tamper(face.pixels, face.centre, face.radii, rng) if label == FAKE else face.pixels
    buffer = io.BytesIO()
    image = Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8))
    image.save(buffer, "JPEG", quality=int(rng.integers(80, 96)), subsampling=0)
    return buffer.getvalue()


def draw_face(rng: np.random.Generator, size: int) -> Face:
    """Draws an untouched face, as a camera would have taken it."""
    drawn = size * _OVERSAMPLING
    margin = round(drawn * (_MARGIN - 1) / 2)
    canvas = _background(rng, drawn + 2 * margin)
    centre = drawn * (0.5 + rng.uniform(-0.06, 0.06, size=2))
    radii = drawn * rng.uniform(0.25, 0.33) * np.array([1.0, rng.uniform(1.2, 1.42)])
    _draw_person(ImageDraw.Draw(canvas), rng, centre + margin, radii)
    canvas = canvas.rotate(rng.uniform(-14, 14), Image.Resampling.BILINEAR, center=tuple(centre + margin))
    frame = (margin, margin, margin + drawn, margin + drawn)
    pixels = np.asarray(canvas.resize((size, size), Image.Resampling.LANCZOS, box=frame), dtype=np.float32)
    return Face(
        pixels=_photograph(pixels, rng),
        centre=tuple(centre / _OVERSAMPLING),
        radii=tuple(radii / _OVERSAMPLING),
    )


def _background(rng: np.random.Generator, size: int) -> Image.Image:
    """A blurred scene: a coarse grid of colours, enlarged, and a few soft shapes."""
    cells = int(rng.integers(3, 9))
    base = rng.uniform(60, 200) + rng.normal(0, 20, 3)
    light, tint = rng.normal(0, rng.uniform(15, 45), (cells, cells, 1)), rng.normal(0, 10, (cells, cells, 3))
    grid = np.clip(base + light + tint, 0, 255).astype(np.uint8)
    scene = Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(scene)
    for _ in range(int(rng.integers(0, 7))):
        x, y = rng.uniform(0, size, 2)
        w, h = rng.uniform(0.03, 0.3, 2) * size
        shape = draw.rectangle if rng.random() < 0.5 else draw.ellipse
        shape((x - w, y - h, x + w, y + h), fill=_tint(rng, np.full(3, rng.uniform(40, 220)), 20))
    return scene


def _draw_person(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, centre: np.ndarray, radii: np.ndarray
) -> None:
    """Shoulders, hair and head, back to front; lengths are in units of the face's radii."""

    def ellipse(x, y, w, h, colour):
        (cx, cy), (rx, ry) = centre, radii
        box = (cx + (x - w) * rx, cy + (y - h) * ry, cx + (x + w) * rx, cy + (y + h) * ry)
        draw.ellipse(box, fill=colour)

    def point(x, y):
        return (centre[0] + x * radii[0], centre[1] + y * radii[1])

    tone = rng.uniform(0, len(_SKIN_TONES) - 1)
    skin = _tint(rng, _between(_SKIN_TONES, tone), 8)
    shade = _scaled(skin, rng.uniform(0.72, 0.86))
    hair = _tint(rng, _HAIR_COLOURS[rng.integers(len(_HAIR_COLOURS))], 14)
    hair_length, fringe = rng.uniform(-0.1, 1.0), rng.uniform(0.42, 0.72)

    ellipse(0, 1.95, rng.uniform(1.5, 2.0), 0.8, _tint(rng, np.full(3, rng.uniform(30, 220)), 25))
    ellipse(0, hair_length * 0.4 - 0.15, rng.uniform(1.1, 1.3), 1.05 + hair_length * 0.3, hair)
    ellipse(0, 1.0, 0.42, 0.42, shade)
    for side in (-1, 1):
        ellipse(side * 0.98, 0.05, 0.14, 0.2, shade)
    ellipse(0, 0, 1, 1, skin)
    ellipse(rng.uniform(-0.2, 0.2), 0.1, 0.72, 0.72, _scaled(skin, rng.uniform(1.0, 1.07)))
    # The fringe: a crown of hair above a wavy line.
    waves = rng.uniform(-0.07, 0.07, 9)
    line = [point(x, -fringe + wave) for x, wave in zip(np.linspace(-0.95, 0.95, 9), waves, strict=True)]
    draw.polygon([*line, point(0.8, -0.98), point(0, -1.18), point(-0.8, -0.98)], fill=hair)
    _draw_eyes(draw, rng, ellipse, point, hair)
    nose = rng.uniform(0.1, 0.17)
    draw.polygon([point(-0.04, -0.1), point(0.05, -0.1), point(nose, 0.26), point(-nose, 0.26)], fill=shade)
    ellipse(0, 0.26, nose, 0.06, _scaled(skin, 0.92))
    for side in (-1, 1):
        ellipse(side * nose * 0.6, 0.28, 0.035, 0.022, _scaled(skin, 0.45))
    _draw_mouth(draw, rng, ellipse, point, skin)


def _draw_eyes(draw, rng, ellipse, point, hair) -> None:
    spacing, height = rng.uniform(0.38, 0.46), rng.uniform(-0.22, -0.12)
    width, opening = rng.uniform(0.17, 0.22), rng.uniform(0.06, 0.1)
    gaze = rng.uniform(-0.05, 0.05)
    iris = _tint(rng, _IRIS_COLOURS[rng.integers(len(_IRIS_COLOURS))], 12)
    brow, tilt = height - rng.uniform(0.17, 0.24), rng.uniform(-0.04, 0.04)
    stroke = max(1, int(abs(point(0.07, 0)[0] - point(0, 0)[0])))
    glasses = rng.random() < 0.2
    for side in (-1, 1):
        x = side * spacing
        ellipse(x, height, width, opening, (238, 234, 228))
        ellipse(x + gaze, height, opening * 1.1, opening * 0.9, iris)
        ellipse(x + gaze, height, opening * 0.5, opening * 0.45, (12, 10, 10))
        ellipse(x + gaze + 0.03, height - 0.025, 0.022, 0.016, (250, 250, 250))
        draw.line([point(x - width, brow + side * tilt), point(x + width, brow - side * tilt)], hair, stroke)
        if glasses:
            box = [*point(x - width * 1.35, height - 0.16), *point(x + width * 1.35, height + 0.16)]
            draw.ellipse(box, outline=(30, 28, 30), width=max(1, stroke // 2))
    if glasses:
        draw.line([point(-0.18, height), point(0.18, height)], (30, 28, 30), max(1, stroke // 2))


def _draw_mouth(draw, rng, ellipse, point, skin) -> None:
    lips = _tint(rng, 0.6 * np.array(skin) + 0.4 * np.array([190, 60, 70]), 12)
    y, width, smile = rng.uniform(0.52, 0.62), rng.uniform(0.26, 0.42), rng.uniform(-0.03, 0.1)
    across = np.linspace(-1, 1, 11)
    bend = smile * (1 - across**2)
    full = rng.uniform(0.05, 0.09) * (1 - across**2)
    upper = [point(a * width, y + b - f) for a, b, f in zip(across, bend, full, strict=True)]
    lower = [point(a * width, y + b + f) for a, b, f in zip(across, bend, full, strict=True)]
    draw.polygon([*upper, *reversed(lower)], fill=lips)
    draw.line([point(a * width, y + b) for a, b in zip(across, bend, strict=True)], _scaled(lips, 0.5), 2)
    if rng.random() < 0.2:
        ellipse(0, 0.84, rng.uniform(0.2, 0.4), 0.1, _scaled(skin, 0.55))


def _photograph(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Adds texture, light from one side, the lens's blur and the sensor's noise; about 0 to 255."""
    size = pixels.shape[0]
    texture = sum(
        ndimage.gaussian_filter(rng.normal(0, 1, (size, size)), sigma) * sigma * strength
        for sigma, strength in ((0.8, rng.uniform(2, 5)), (2.5, rng.uniform(2, 5)), (8, rng.uniform(4, 10)))
    )
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0.05, 0.3) * (x * np.cos(angle) + y * np.sin(angle))
    lit = (pixels + texture[..., None]) * (light * rng.uniform(0.8, 1.15))[..., None]
    lit = (lit - 128) * rng.uniform(0.85, 1.1) + 128
    blurred = ndimage.gaussian_filter(lit, (*(rng.uniform(0.2, 0.7),) * 2, 0))
    strength = np.exp(rng.uniform(np.log(2), np.log(10)))
    noise = strength * (rng.normal(0, 1, (size, size, 1)) + rng.normal(0, 0.4, pixels.shape))
    return (blurred + noise).astype(np.float32)


def _between(colours: tuple, position: float) -> np.ndarray:
    low = min(int(position), len(colours) - 2)
    weight = position - low
    return (1 - weight) * np.array(colours[low]) + weight * np.array(colours[low + 1])


def _tint(rng: np.random.Generator, colour, spread: float) -> tuple[int, int, int]:
    return tuple(int(c) for c in np.clip(np.asarray(colour) + rng.normal(0, spread, 3), 0, 255))


def _scaled(colour, factor: float) -> tuple[int, int, int]:
    return tuple(int(c) for c in np.clip(np.asarray(colour) * factor, 0, 255))
