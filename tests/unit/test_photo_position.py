"""A photo's position: read before it is stripped, offered as the place, never believed blindly."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from cases.draft import Draft, Reading, Slot
from cases.telling import advance
from conversations.media import clean_image
from conversations.photo_position import read_position


def photo(
    lat: tuple[float, ...] = (39, 58, 48.0), lon: tuple[float, ...] = (116, 18, 36.0)
) -> bytes:
    exif = Image.Exif()
    exif[0x8825] = {
        1: "N",
        2: tuple(IFDRational(part) for part in lat),
        3: "E",
        4: tuple(IFDRational(part) for part in lon),
    }
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_the_position_is_read_and_then_gone() -> None:
    assert read_position(photo()) == {"lat": 39.98, "lon": 116.31}
    clean, *_ = clean_image(photo())
    assert read_position(clean) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture", photo((0, 0, 0.0), (0, 0, 0.0)), photo((399, 0, 0.0)), photo((39,))],
)
def test_what_makes_no_sense_is_no_position(data: bytes) -> None:
    assert read_position(data) is None


def test_the_photos_place_is_taken_when_he_says_so() -> None:
    told = Draft(description="路灯不亮，晚上看不见", category="01037")
    sent = Reading("", attachment_ids=("a" * 32,), photo_position={"lat": 39.98, "lon": 116.31})
    draft = advance(told, Slot.LOCATION, sent).draft
    assert draft.location is None
    draft = advance(draft, Slot.LOCATION, Reading("用照片的位置")).draft
    assert draft.location == {"raw_text": "照片拍摄的位置", "lat": 39.98, "lon": 116.31}
    assert draft.missing() is Slot.OCCURRED


def test_a_place_he_names_wins_over_the_photos() -> None:
    told = Draft(description="路灯不亮，晚上看不见", category="01037")
    place = {
        "entity": "location",
        "text": "翠微路27号",
        "value": "翠微路27号",
        "data": {"road": "翠微路"},
    }
    draft = advance(
        told,
        Slot.LOCATION,
        Reading("翠微路27号", entities=(place,), photo_position={"lat": 1, "lon": 1}),
    ).draft
    assert draft.location is not None
    assert draft.location["raw_text"] == "翠微路27号"
