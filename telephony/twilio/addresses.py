"""The absolute addresses Twilio is given, and the check that it is Twilio who calls them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web
from twilio.request_validator import RequestValidator

from hotline.errors import Forbidden
from hotline.settings import Settings

ROOT = "/telephony/twilio"
SIGNATURE = "X-Twilio-Signature"


class Addresses:
    """Builds every address from the configured public base, never from what a request claims."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.public_base_url.rstrip("/")

    def of(self, name: str, **query: str | int) -> str:
        """`…/telephony/twilio/turn?call=…&turn=3`."""
        tail = f"?{urlencode(query)}" if query else ""
        return f"{self._base}{ROOT}/{name}{tail}"

    def socket(self, **query: str | int) -> str:
        """The ConversationRelay address."""
        http = self.of("relay", **query)
        return "ws" + http.removeprefix("http")

    def called(self, request: web.Request) -> str:
        """The address as Twilio called it: our base, the raw path and query."""
        return self._base + request.raw_path


class Signatures:
    """Raises Forbidden for whatever Twilio has not signed; compares in constant time."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self._validator = RequestValidator(settings.twilio_auth_token)
        self._addresses = addresses
        self._account = settings.twilio_account_sid

    def check_form(self, request: web.Request, form: Mapping[str, str]) -> None:
        """A webhook: the address and every field are signed, and it is about our account."""
        self._check(self._addresses.called(request), form, request)
        if form.get("AccountSid", self._account) != self._account:
            raise Forbidden

    def check_socket(self, request: web.Request) -> None:
        """A WebSocket handshake: the address is signed, as wss or as https."""
        called = self._addresses.called(request)
        for url in ("ws" + called.removeprefix("http"), called):
            try:
                return self._check(url, {}, request)
            except Forbidden:
                continue
        raise Forbidden

    def _check(self, url: str, form: Mapping[str, str], request: web.Request) -> None:
        signature = request.headers.get(SIGNATURE)
        if not signature or not signature.isascii():
            raise Forbidden
        if not self._validator.validate(url, form, signature):
            raise Forbidden
