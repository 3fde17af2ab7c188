"""One contract for a folder and for S3; then what only S3 can do wrong."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from conversations.files import Files, FilesAway, FolderFiles
from conversations.s3 import S3Files
from conversations.signing import S3Key, sign
from hotline.clock import FakeClock
from hotline.errors import NotFound
from tests.fake_s3 import FakeS3

DATA = bytes(range(256)) * 700
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def fake(clock: FakeClock) -> FakeS3:
    return FakeS3(clock)


@pytest.fixture
async def url(fake: FakeS3) -> AsyncIterator[str]:
    async with fake.server() as server:
        yield str(server.make_url("/")).rstrip("/")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def bucket(fake: FakeS3, url: str, http: aiohttp.ClientSession, clock: FakeClock) -> S3Files:
    key = S3Key(fake.access_key, fake.secret_key, fake.region)
    return S3Files(http, clock, url, fake.bucket, key, pauses=(0, 0))


@pytest.fixture(params=["folder", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path, bucket: S3Files) -> Files:
    return bucket if request.param == "s3" else FolderFiles(tmp_path)


class TestFiles:
    """What every implementation does."""

    async def test_what_is_put_can_be_got(self, files: Files) -> None:
        await files.put(NAME, DATA, "image/png")
        await files.put(f"{NAME}.small", b"small", "image/jpeg")
        assert await files.get(NAME) == DATA
        assert await files.get(f"{NAME}.small") == b"small"

    async def test_the_same_bytes_twice_are_one_file(self, files: Files) -> None:
        for _ in range(2):
            await files.put(NAME, DATA, "image/png")
        assert await files.get(NAME) == DATA
        await files.delete(NAME)
        with pytest.raises(NotFound):
            await files.get(NAME)

    async def test_what_is_missing_is_not_found_and_not_an_error_to_delete(
        self, files: Files
    ) -> None:
        with pytest.raises(NotFound):
            await files.get(NAME)
        await files.delete(NAME)

    @pytest.mark.parametrize("name", ["", "../" * 8 + "etc", NAME[:-1], f"{NAME}/x", f"{NAME}.A"])
    async def test_a_name_that_is_none_reaches_nothing(self, files: Files, name: str) -> None:
        for deed in (files.get(name), files.delete(name), files.put(name, b"", "x/y")):
            with pytest.raises(ValueError, match="not the name"):
                await deed


def _files_below(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


async def test_both_lay_files_out_alike(tmp_path: Path, bucket: S3Files, fake: FakeS3) -> None:
    for files in (bucket, FolderFiles(tmp_path)):
        await files.put(NAME, DATA, "image/webp")
    assert fake.objects == {f"{NAME[:2]}/{NAME}": (DATA, "image/webp")}
    assert _files_below(tmp_path) == set(fake.objects)


async def test_nothing_is_public(
    bucket: S3Files, fake: FakeS3, url: str, http: aiohttp.ClientSession
) -> None:
    await bucket.put(NAME, DATA, "image/png")
    assert not [name for _, sent in fake.asked for name in sent if "acl" in name]
    async with http.get(f"{url}/{fake.bucket}/{NAME[:2]}/{NAME}") as answer:
        assert answer.status == 403


@pytest.mark.parametrize("wrong", ["secret_key", "access_key", "region", "bucket", "time"])
async def test_what_the_storage_refuses_is_away_and_not_tried_again(
    bucket: S3Files, fake: FakeS3, clock: FakeClock, wrong: str
) -> None:
    if wrong == "time":
        fake.clock = FakeClock(clock.now() + timedelta(hours=1))
    else:
        setattr(fake, wrong, "another")
    deeds = (
        lambda: bucket.put(NAME, DATA, "image/png"),
        lambda: bucket.get(NAME),
        lambda: bucket.delete(NAME),
    )
    for deed in deeds:
        with pytest.raises(FilesAway):
            await deed()
    assert (len(fake.asked), fake.objects) == (3, {})


async def test_a_busy_storage_is_asked_a_bounded_number_of_times(
    bucket: S3Files, fake: FakeS3
) -> None:
    fake.status = 503
    with pytest.raises(FilesAway):
        await bucket.get(NAME)
    assert len(fake.asked) == 3


async def test_nobody_there_is_away(http: aiohttp.ClientSession, clock: FakeClock) -> None:
    key = S3Key("a", "b", "c")
    files = S3Files(http, clock, "http://127.0.0.1:9", "photos", key, pauses=())
    with pytest.raises(FilesAway):
        await files.put(NAME, DATA, "image/png")


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "payload", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {},
            {"Range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            {},
            {
                "Date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/",
            {"lifecycle": ""},
            {},
            b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/",
            {"prefix": "J", "max-keys": "2"},
            {},
            b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_published_examples_are_signed_as_published(
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    payload: bytes,
    signature: str,
) -> None:
    key = S3Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    sent = {"Host": "examplebucket.s3.amazonaws.com", **headers}
    at = datetime(2013, 5, 24, tzinfo=UTC)
    signed = sign(key, method, path, query, sent, payload, at)
    assert signed["Authorization"].endswith(f"Signature={signature}")
