"""Attacks through pictures: files that are none, that hide something, or that never end."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from conversations.bot import ScriptedBot
from conversations.media import clean_image
from hotline.app import Product
from hotline.errors import TooLarge, UnsupportedMedia
from hotline.settings import Settings
from tests.product import Client, Visitor, open_conversation
from tests.raw_http import make_request, send_raw

MEGABYTE = 1024 * 1024
SECRET = b"39.908823,116.397470 private"
"""What must not come out again, wherever in the file it was."""
GPS, DATE_TIME = 0x8825, 0x0132
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + SECRET + b"</x:xmpmeta>"


def encode(kind: str, size: tuple[int, int] = (64, 48), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (180, 30, 30)).save(out, kind, **more)
    return out.getvalue()


def exif() -> bytes:
    data = Image.Exif()
    data[DATE_TIME] = SECRET.decode()
    data.get_ifd(GPS).update({1: "N", 2: (39.0, 54.0, 31.7), 29: SECRET.decode()})
    return data.tobytes()


def telling_picture(kind: str) -> bytes:
    """A picture that says where and by whom it was taken, in every place there is for it."""
    more: dict[str, Any] = {"exif": exif(), "xmp": _XMP, "icc_profile": b"ICC" + SECRET}
    if kind == "JPEG":
        more["comment"] = SECRET
    if kind == "PNG":
        del more["xmp"]
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", SECRET.decode())
        texts.add_itxt("XML:com.adobe.xmp", _XMP.decode())
        more["pnginfo"] = texts
    return encode(kind, **more) + SECRET


def png_of(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG whose header claims this size, put together by hand."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = b"".join(chunk(name, data) for name, data in chunks)
    pixels = chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
    return b"\x89PNG\r\n\x1a\n" + header + body + pixels + chunk(b"IEND", b"")


def _form(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


_KEY = b'Content-Disposition: form-data; name="client_message_id"\r\n\r\nk'
_PICTURE = b'Content-Disposition: form-data; name="image"; filename="p.jpg"\r\n\r\n'


async def attachment_of(visitor: Visitor) -> dict[str, str]:
    """What the conversation shows of the one picture in it."""
    [message] = [event for event in await visitor.events() if event.get("attachments")]
    [attachment] = message["attachments"]
    found: dict[str, str] = attachment
    return found


# --- files that are no pictures --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.png", "just some text"),
        ("page.jpg", "<html><script>alert(1)</script></html>"),
        ("drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("moving.gif", "GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00"),
        ("print.eps", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(ls) system\n"),
        ("program.jpg", "MZ\x90\x00\x03\x00\x00\x00"),
        ("archive.webp", "PK\x03\x04\x14\x00\x00\x00"),
        ("nothing.jpg", ""),
        ("start.jpg", "\xff\xd8\xff\xe0"),
        ("start.webp", "RIFF\x00\x00\x00\x00WEBPVP8 "),
    ],
)
async def test_a_file_that_is_no_picture_is_refused_by_its_content(
    visitor: Visitor, settings: Settings, name: str, content: str
) -> None:
    response = await visitor.send_picture(content.encode("latin-1"), name)
    assert response.status == 415
    assert (await response.json())["error"]["code"] == "unsupported_media"
    assert not [path for path in settings.media_dir.rglob("*") if path.is_file()]


async def test_sound_is_refused_in_words(visitor: Visitor) -> None:
    form = {"client_message_id": "k", "audio": io.BytesIO(b"RIFF0000WAVEfmt ")}
    response = await visitor.post(data=form)
    assert response.status == 415
    assert "打字" in (await response.json())["error"]["message"]


@pytest.mark.parametrize("side", [7_100, 30_000, 2**31 - 1])
async def test_a_picture_of_huge_dimensions_is_refused_before_it_is_unpacked(
    visitor: Visitor, side: int
) -> None:
    response = await visitor.send_picture(png_of(side, side))
    assert response.status == 413
    assert "尺寸" in (await response.json())["error"]["message"]


async def test_a_compressed_text_of_huge_size_inside_a_picture_is_refused(
    visitor: Visitor,
) -> None:
    bomb = b"Comment\x00\x00" + zlib.compress(b"\x00" * 80 * MEGABYTE, 9)
    response = await visitor.send_picture(png_of(8, 8, (b"zTXt", bomb)))
    assert response.status == 415


@given(st.data())
@checking(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_picture_is_refused_or_repaired_and_never_breaks_anything(
    data: st.DataObject,
) -> None:
    whole = telling_picture(data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"])))
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, max(len(broken) - 1, 0)), max_size=8)):
        if broken:
            broken[at] = data.draw(st.integers(0, 255))
    try:
        clean, content_type, width, height = clean_image(bytes(broken))
    except (UnsupportedMedia, TooLarge):
        return
    assert content_type in ("image/jpeg", "image/png", "image/webp")
    assert Image.open(io.BytesIO(clean)).size == (width, height)


# --- pictures that tell more than they show --------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_position_comments_and_hidden_data_are_stripped(kind: str) -> None:
    telling = telling_picture(kind)
    assert telling.count(SECRET) >= 4
    clean, *_ = clean_image(telling)
    assert SECRET not in clean
    picture = Image.open(io.BytesIO(clean))
    picture.load()
    assert not picture.getexif()
    assert not {"exif", "xmp", "comment", "icc_profile", "XML:com.adobe.xmp"} & set(picture.info)


async def test_the_stripped_picture_is_the_only_one_that_is_kept(
    visitor: Visitor, settings: Settings
) -> None:
    assert (await visitor.send_picture(telling_picture("JPEG"))).status == 200
    kept, small = sorted(path for path in settings.media_dir.rglob("*") if path.is_file())
    assert small.name == f"{kept.name}.small"
    assert SECRET not in kept.read_bytes() + small.read_bytes()
    attachment = await attachment_of(visitor)
    response = await visitor.client.get(attachment["url"], headers=visitor.headers)
    assert response.content_type == "image/jpeg"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert await response.read() == kept.read_bytes()
    response = await visitor.client.get(attachment["url"] + "?size=small", headers=visitor.headers)
    assert response.content_type == "image/jpeg"
    assert await response.read() == small.read_bytes()
    known = {**visitor.headers, "If-None-Match": response.headers["ETag"]}
    again = await visitor.client.get(attachment["url"] + "?size=small", headers=known)
    assert (again.status, await again.read()) == (304, b"")
    part = await visitor.client.get(
        attachment["url"], headers={**visitor.headers, "Range": "bytes=2-9"}
    )
    assert (part.status, await part.read()) == (206, kept.read_bytes()[2:10])
    beyond = {**visitor.headers, "Range": "bytes=9999999-"}
    assert (await visitor.client.get(attachment["url"], headers=beyond)).status == 416


def test_a_turned_picture_stays_upright_without_its_exif() -> None:
    data = Image.Exif()
    data[0x0112] = 6  # to be turned by 90 degrees
    _, _, width, height = clean_image(encode("JPEG", (64, 32), exif=data.tobytes()))
    assert (width, height) == (32, 64)


def test_a_large_picture_is_made_smaller() -> None:
    _, _, width, height = clean_image(encode("JPEG", (4000, 3000)))
    assert max(width, height) <= 2560


async def test_a_path_in_the_name_of_a_picture_stays_a_name(
    visitor: Visitor, settings: Settings
) -> None:
    before = {path for path in settings.data_dir.parent.rglob("*") if path.is_file()}
    for number, name in enumerate(("../../../evil.jpg", "/etc/cron.d/evil", "..\\..\\evil")):
        response = await visitor.send_picture(encode("JPEG", (8 + number, 8)), name, str(number))
        assert response.status == 200
    added = {path for path in settings.data_dir.parent.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(settings.media_dir) for path in added if "db" not in path.suffix)
    names = [a["name"] for e in await visitor.events() for a in e.get("attachments", ())]
    assert not any("/" in name or "\x00" in name for name in names)


@pytest.mark.parametrize(
    "name",
    [
        'filename="\udcff\udcfe.jpg"',
        "filename*=utf-8''a%00b%07.jpg",
        f'filename="{"长" * 300}.jpg"',
    ],
    ids=["bytes", "control characters", "long"],
)
async def test_a_name_that_is_no_text_does_no_harm(
    client: Client, visitor: Visitor, name: str
) -> None:
    disposition = f'Content-Disposition: form-data; name="image"; {name}\r\n\r\n'
    body = _form(_KEY, disposition.encode("utf-8", "surrogateescape") + encode("JPEG"))
    headers = {**visitor.headers, "Content-Type": "multipart/form-data; boundary=x"}
    request = make_request("POST", f"{visitor.path}/messages?wait=5", headers, body)
    assert (await send_raw(client, request)).status == 200
    kept = (await attachment_of(visitor))["name"]
    assert "\x00" not in kept
    assert kept.encode().decode() == kept
    assert len(kept) <= 128


# --- too much, too little, again and again ---------------------------------------------------


async def test_eleven_megabytes_are_refused_in_words(visitor: Visitor, bot: ScriptedBot) -> None:
    response = await visitor.send_picture(encode("JPEG") + b"\x00" * 11 * MEGABYTE)
    assert response.status == 413
    assert "10 MB" in (await response.json())["error"]["message"]
    assert not bot.turns


async def test_a_hundred_megabytes_are_refused_by_their_announcement(
    client: Client, visitor: Visitor
) -> None:
    headers = {
        **visitor.headers,
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(100 * MEGABYTE),
    }
    answer = await send_raw(client, make_request("POST", f"{visitor.path}/messages", headers))
    assert (answer.status, answer.error["code"]) == (413, "too_large")


@pytest.mark.parametrize("field", ["text", "client_message_id", "anything"])
async def test_a_long_text_field_beside_a_picture_is_refused(visitor: Visitor, field: str) -> None:
    form = {"image": io.BytesIO(encode("JPEG")), field: "长" * 100_000}
    response = await visitor.post(data=form)
    assert response.status == 413
    assert "0 MB" not in (await response.json())["error"]["message"]


async def test_a_form_of_a_thousand_fields_is_refused(visitor: Visitor) -> None:
    fields = {f"f{number}": "x" for number in range(1000)}
    response = await visitor.post(data={"image": io.BytesIO(encode("JPEG")), **fields})
    assert response.status == 400


@pytest.mark.parametrize(
    "broken",
    ["cut in the picture", "cut in a header", "no end", "no picture", "no id", "nested", "lying"],
)
async def test_a_truncated_or_twisted_upload_is_refused(
    visitor: Visitor, bot: ScriptedBot, broken: str
) -> None:
    picture = encode("JPEG")
    whole = _form(_KEY, _PICTURE + picture)
    body = {
        "cut in the picture": whole[:-200],
        "cut in a header": whole[: whole.rindex(b"isposition")],
        "no end": _form(_KEY, _PICTURE + picture)[: -len(b"\r\n--x--\r\n") - 40],
        "no picture": _form(_KEY),
        "no id": _form(_PICTURE + picture),
        "nested": _form(_KEY, b"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--"),
        "lying": _form(_KEY, b"Content-Length: many\r\n" + _PICTURE + picture[:-200]),
    }[broken]
    response = await visitor.post(
        data=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert response.status in (400, 415), await response.text()
    assert response.content_type == "application/json"
    assert not bot.turns


async def test_a_replayed_upload_is_one_message(visitor: Visitor, bot: ScriptedBot) -> None:
    picture = encode("PNG")
    answers = await asyncio.gather(*(visitor.send_picture(picture, key="same") for _ in range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert len({json.dumps(await answer.json()) for answer in answers}) == 1
    assert len(bot.turns) == 1
    await attachment_of(visitor)


async def test_the_same_picture_from_many_at_once_is_kept_once(
    client: Client, settings: Settings
) -> None:
    visitors = [await open_conversation(client) for _ in range(8)]
    picture = encode("JPEG", (320, 240))
    answers = await asyncio.gather(*(each.send_picture(picture) for each in visitors))
    assert [answer.status for answer in answers] == [200] * 8
    # the picture and its thumbnail
    assert len([path for path in settings.media_dir.rglob("*") if path.is_file()]) == 2


# --- whose picture it is ---------------------------------------------------------------------


async def test_a_picture_of_another_conversation_cannot_be_fetched(
    client: Client, visitor: Visitor
) -> None:
    await visitor.send_picture(encode("JPEG"))
    attachment = (await attachment_of(visitor))["id"]
    other = await open_conversation(client)
    for size in ("", "?size=small"):
        address = f"{other.path}/attachments/{attachment}{size}"
        foreign = await client.get(address, headers=other.headers)
        unknown = await client.get(f"{other.path}/attachments/{'0' * 32}", headers=other.headers)
        assert foreign.status == unknown.status == 404
        assert await foreign.json() == await unknown.json()
        nobody = await client.get(f"{visitor.path}/attachments/{attachment}{size}")
        assert nobody.status == 401


async def test_a_picture_of_another_conversation_cannot_be_attached(
    client: Client, visitor: Visitor, product: Product
) -> None:
    await visitor.send_picture(encode("JPEG"))
    stolen = (await attachment_of(visitor))["id"]
    other = await open_conversation(client)
    body = {
        "client_message_id": "k",
        "text": "看",
        "attachment_ids": [stolen],
        "attachments": [{"id": stolen}],
    }
    assert (await other.post(body)).status == 200
    assert not any(event.get("attachments") for event in await other.events())


@pytest.mark.parametrize(
    "identity",
    [
        "..%2f..%2fsecret_key",
        "..%2f..%2fhotline.db",
        "%2e%2e%2fhotline.db",
        "..%5c..%5chotline.db",
        "%00",
        "%ff",
        "x" * 3000,
    ],
)
async def test_a_path_as_the_id_of_a_picture_finds_nothing(
    client: Client, visitor: Visitor, identity: str
) -> None:
    target = f"{visitor.path}/attachments/{identity}"
    answer = await send_raw(client, make_request("GET", target, visitor.headers))
    assert (answer.status, answer.error["code"]) == (404, "not_found")


@pytest.mark.parametrize("folder", ["/static/webchat", "/static/kb", "/console/static"])
@pytest.mark.parametrize(
    "path",
    [
        "/../../../config.yml",
        "/..%2f..%2f..%2fconfig.yml",
        "/%2e%2e/%2e%2e/%2e%2e/config.yml",
        "/....//....//config.yml",
        "//etc/passwd",
        "/%00",
        "/",
        "",
    ],
)
async def test_static_files_end_at_their_folder(client: Client, folder: str, path: str) -> None:
    answer = await send_raw(client, make_request("GET", folder + path))
    assert answer.status in (403, 404)
    assert b"pipeline" not in answer.body
    assert b"root:" not in answer.body


def test_the_test_knows_where_the_project_is() -> None:
    # the traversals above aim at this file
    assert (Path(__file__).parents[2] / "config.yml").read_text("utf-8").count("pipeline")
