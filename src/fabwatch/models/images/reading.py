"""A picture as the network sees it: a small square of red, green and blue. What is none is refused with the reason."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.terms.errors import CannotPredict

Pixels = NDArray[np.uint8]
"""Squares, shape (n, size, size, 3) or (size, size, 3), from 0 to 255."""
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
NAMES = "PNG, JPEG, BMP, TIFF, GIF or WebP"
STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\x00", b"MM\x00*", b"GIF8")
MOST_PIXELS = 50_000_000
"""Pixels of a picture: one that claims more is refused before it is unpacked."""
MOST_BYTES = 64 << 20
DEEP = ("I", "F")
"""Modes of Pillow whose values go beyond 255; they are stretched from the least to the largest."""
HINT = f"send a picture: {NAMES}"


@dataclass(frozen=True)
class Picture:
    """A picture, drawn small."""

    name: str
    pixels: Pixels
    """Shape (size, size, 3)."""
    sha256: str
    """Hash of the file."""
    form: str
    """Format, colours and size of the file, such as PNG RGB 640 × 480."""


def is_picture(content: bytes) -> bool:
    """Whether bytes begin like a picture."""
    return content.startswith(STARTS) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def picture_of(content: bytes, name: str, size: int) -> Picture:
    """The picture in a file, within a square of `size` pixels. Raises CannotPredict for what is no picture."""
    from PIL import Image, UnidentifiedImageError

    if len(content) > MOST_BYTES:
        raise CannotPredict(f"{name!r} has {len(content) >> 20:,} MB.", f"up to {MOST_BYTES >> 20} MB a picture")
    try:
        image: Any = Image.open(BytesIO(content), formats=FORMATS)
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise CannotPredict(f"{name!r} has {width:,} × {height:,} pixels.", f"up to {MOST_PIXELS:,} are read")
        form = f"{image.format} {image.mode} {width} × {height}"
        pixels = _square(image, size)
    except UnidentifiedImageError as fault:
        raise CannotPredict(f"{name!r} is no picture that is known.", HINT) from fault
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise CannotPredict(f"{name!r} claims too many pixels.", f"up to {MOST_PIXELS:,} are read") from fault
    except CannotPredict:
        raise
    except Exception as fault:
        raise CannotPredict(f"{name!r} is cut off or damaged: {_short(fault)}", HINT) from fault
    return Picture(name, pixels, hashlib.sha256(content).hexdigest(), form)


def _square(image: Any, size: int) -> Pixels:
    """The first frame, upright, as large as it fits into the square; what is left over has its mean colour."""
    from PIL import Image, ImageOps

    image.draft("RGB", (2 * size, 2 * size))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(DEEP):
        image = _stretched(image)
    elif image.mode != "RGB":
        # A palette with a transparent colour is read right only by way of RGBA.
        image = (image.convert("RGBA") if "transparency" in image.info else image).convert("RGB")
    scale = size / max(image.size)
    inner = image.resize(tuple(max(1, round(side * scale)) for side in image.size), Image.Resampling.BOX, reducing_gap=2.0)
    cells = np.asarray(inner, np.uint8)
    made = np.empty((size, size, 3), np.uint8)
    made[:] = cells.mean((0, 1)).round().astype(np.uint8)
    top, left = (size - cells.shape[0]) // 2, (size - cells.shape[1]) // 2
    made[top : top + cells.shape[0], left : left + cells.shape[1]] = cells
    return made


def _stretched(image: Any) -> Any:
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, np.float64))
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low or 1.0) * 255
    return Image.fromarray(scaled.round().astype(np.uint8)).convert("RGB")


def smaller(pixels: Pixels, side: int) -> Pixels:
    """A square (size, size, 3) drawn smaller."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX), np.uint8)


def png_of(pixels: Pixels) -> bytes:
    """A square (size, size, 3) as a PNG file."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _short(fault: Exception) -> str:
    return " ".join(str(fault).split())[:120] or type(fault).__name__
