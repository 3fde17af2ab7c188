"""Twilio's REST API through Twilio's own client.

Without a list of events Twilio reports the end of a call and of a recording, which is what we need.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from hotline.settings import Settings
from telephony.models import Line
from telephony.provider import ProviderFailed
from telephony.twilio.addresses import Addresses

_SECONDS = 10.0
_MOST_SOUND = 50 * 1024 * 1024
T = TypeVar("T")


class TwilioProvider:
    """Provider on Twilio. Open it inside the running loop; `close` gives the connections back."""

    def __init__(self, settings: Settings) -> None:
        self._s = settings
        self._at = Addresses(settings)
        self._http = AsyncTwilioHttpClient(timeout=_SECONDS)
        self._client = Client(
            settings.twilio_account_sid, settings.twilio_auth_token, http_client=self._http
        )
        self._client.api.base_url = settings.twilio_api_base.rstrip("/")

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    async def call_resident(self, number: str, call_back_id: str, ring_seconds: int) -> str:
        return await self._call(
            number,
            ring_seconds,
            url=self._at.of("call-back", id=call_back_id),
            status_callback=self._at.of("call-back-status", id=call_back_id),
        )

    async def call_operator(self, number: str, leg_id: str, ring_seconds: int) -> str:
        return await self._call(
            number,
            ring_seconds,
            url=self._at.of("operator", leg=leg_id),
            status_callback=self._at.of("leg", leg=leg_id),
        )

    async def call_third(self, number: str, call_id: str) -> str:
        return await self._call(number, 30, url=self._at.of("third", call=call_id))

    async def _call(
        self, number: str, ring_seconds: int, url: str, status_callback: str | None = None
    ) -> str:
        call = await _ask(
            self._client.calls.create_async(
                to=number,
                from_=self._s.twilio_number,
                url=url,
                method="POST",
                fallback_url=self._at.of("fallback"),
                fallback_method="POST",
                **({"status_callback": status_callback} if status_callback else {}),
                timeout=ring_seconds,
            )
        )
        return str(call.sid)

    async def fetch_next(self, sid: str, call_id: str, line: Line) -> None:
        await self._redirect(sid, self._at.of("next", call=call_id))

    async def join(self, sid: str, call_id: str) -> None:
        await self._redirect(sid, self._at.of("join", call=call_id))

    async def _redirect(self, sid: str, url: str) -> None:
        await _ask(self._client.calls(sid).update_async(url=url, method="POST"))

    async def hang_up(self, sid: str) -> None:
        await _ask(self._client.calls(sid).update_async(status="completed"))

    async def start_recording(self, sid: str, call_id: str) -> None:
        await _ask(
            self._client.calls(sid).recordings.create_async(
                recording_status_callback=self._at.of("recording", call=call_id),
                recording_status_callback_method="POST",
                recording_channels="dual",
            )
        )

    async def stop_recording(self, sid: str) -> None:
        recording = self._client.calls(sid).recordings("Twilio.CURRENT")
        await _ask(recording.update_async(status="stopped"))

    async def fetch_recording(self, recording_sid: str) -> bytes:
        # the library reads JSON only; the sound is the same address with an ending
        url = (
            f"{self._client.api.base_url}/2010-04-01/Accounts/{self._s.twilio_account_sid}"
            f"/Recordings/{recording_sid}.wav"
        )
        auth = aiohttp.BasicAuth(self._s.twilio_account_sid, self._s.twilio_auth_token)
        session = self._http.session
        assert session is not None
        try:
            async with session.get(
                url, auth=auth, timeout=aiohttp.ClientTimeout(total=60), allow_redirects=True
            ) as answer:
                if answer.status != 200:
                    raise ProviderFailed(f"recording: status {answer.status}")
                sound = await answer.content.read(_MOST_SOUND + 1)
                while len(sound) <= _MOST_SOUND and (
                    more := await answer.content.read(_MOST_SOUND + 1 - len(sound))
                ):
                    sound += more
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ProviderFailed(type(error).__name__) from error
        if len(sound) > _MOST_SOUND:
            raise ProviderFailed("recording too large", permanent=True)
        return bytes(sound)

    async def delete_recording(self, recording_sid: str) -> None:
        await _ask(self._client.recordings(recording_sid).delete_async())


async def _ask(request: Awaitable[Any]) -> Any:
    """The answer; a refusal as ProviderFailed, permanent when Twilio says the request is wrong."""
    try:
        return await request
    except TwilioRestException as error:
        wrong = 400 <= error.status < 500 and error.status != 429
        raise ProviderFailed(
            f"twilio {error.status} {error.code or ''}", permanent=wrong
        ) from error
    except (TwilioException, aiohttp.ClientError, TimeoutError) as error:
        raise ProviderFailed(type(error).__name__) from error
