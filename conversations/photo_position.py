"""Where a photo was taken: read from its hidden data, before that is stripped. Pure."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

_GPS = 0x8825
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4


def read_position(data: bytes) -> dict[str, float] | None:
    """{lat, lon} in WGS-84; None when there is none, or what there is makes no sense.

    Nothing in a file that strangers send may raise: a broken position is no position.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "MPO", "PNG", "WEBP")) as image:
            gps: Mapping[int, Any] = image.getexif().get_ifd(_GPS)
            lat = _to_degrees(gps[_LAT]) * (-1 if gps.get(_LAT_REF) == "S" else 1)
            lon = _to_degrees(gps[_LON]) * (-1 if gps.get(_LON_REF) == "W" else 1)
    except Exception:  # decoders fail in every way there is on what strangers send
        return None
    # phones without a fix write zeros
    sensible = abs(lat) <= 90 and abs(lon) <= 180 and (abs(lat) > 0.01 or abs(lon) > 0.01)
    return {"lat": round(lat, 6), "lon": round(lon, 6)} if sensible else None


def _to_degrees(parts: Sequence[Any]) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        raise ValueError("no number")
    return value
