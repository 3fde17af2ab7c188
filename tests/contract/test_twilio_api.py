"""Every request we send to Twilio, against a mock that knows Twilio's own OpenAPI description.

Install the mock once: `npm ci --prefix tests/contract/prism`. Without it, or without the description
in ../shared, these tests are skipped with the reason.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from hotline.serve import pick_port
from hotline.settings import Settings
from telephony.models import Line
from telephony.provider import ProviderFailed
from telephony.twilio.rest import TwilioProvider
from telephony.twilio.softphone import address_of
from tests.conftest import SHARED, skip_unless_required
from tests.phone import with_phone

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

PRISM = Path(__file__).parent / "prism" / "node_modules" / ".bin" / "prism"
SPEC = SHARED / "fixtures" / "twilio_api_v2010.json"
SID, RECORDING = "CA" + "0" * 32, "RE" + "0" * 32


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api_base() -> AsyncIterator[str]:
    """The mock on a free port; it refuses with 422 what the description does not allow."""
    if not PRISM.exists() or not SPEC.exists():
        skip_unless_required("prism", "prism is not installed, or the description is absent")
    port = pick_port(0)
    process = await asyncio.create_subprocess_exec(
        str(PRISM), "mock", "-h", "127.0.0.1", "-p", str(port), "--errors", str(SPEC),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "SCARF_ANALYTICS": "false"},
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.get(base):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.2)
        yield base
    finally:
        process.terminate()
        await process.wait()


@pytest_asyncio.fixture(loop_scope="module")
async def provider(api_base: str) -> AsyncIterator[TwilioProvider]:
    twilio = TwilioProvider(with_phone(Settings(), twilio_api_base=api_base))
    yield twilio
    await twilio.close()


async def test_calling_a_resident_and_an_operator(provider: TwilioProvider) -> None:
    assert (await provider.call_resident("+8613812345678", "cb1", 30)).startswith("CA")
    assert (await provider.call_operator("+861088880001", "leg1", 20)).startswith("CA")
    browser = address_of("0123456789abcdef0123456789abcdef", "call1")
    assert (await provider.call_operator(browser, "leg1", 20)).startswith("CA")
    assert (await provider.call_third("+861088880003", "call1")).startswith("CA")


async def test_moving_a_live_call(provider: TwilioProvider) -> None:
    await provider.fetch_next(SID, "call1", Line.GATHER)
    await provider.join(SID, "call1")
    await provider.hang_up(SID)


async def test_recordings(provider: TwilioProvider) -> None:
    await provider.start_recording(SID, "call1")
    await provider.stop_recording(SID)
    await provider.delete_recording(RECORDING)


async def test_a_malformed_id_is_refused_for_good(provider: TwilioProvider) -> None:
    with pytest.raises(ProviderFailed) as failed:
        await provider.hang_up("CA1")
    assert failed.value.permanent


async def test_a_provider_out_of_reach_fails_plainly() -> None:
    away = with_phone(replace(Settings()), twilio_api_base=f"http://127.0.0.1:{pick_port(0)}")
    twilio = TwilioProvider(away)
    with pytest.raises(ProviderFailed):
        await twilio.hang_up(SID)
    await twilio.close()
