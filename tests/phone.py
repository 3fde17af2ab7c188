"""A caller on a simulated Twilio line, in virtual time: signs, follows the TwiML, keeps what it heard.

Every second a real call would take (speaking, listening, silence) passes on the product's clock
and on no other.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree

import aiohttp
from defusedxml.ElementTree import fromstring
from twilio.request_validator import RequestValidator

from hotline.clock import FakeClock
from hotline.settings import Settings
from telephony.models import international
from telephony.speaking import seconds_to_say
from tests.product import Client

BASE = "https://phone.test"
ACCOUNT, TOKEN = "AC" + "1" * 32, "tests only, no secret"
OURS = "+861012345678"
_MOST_REDIRECTS = 40


def with_phone(settings: Settings, **more: object) -> Settings:
    """The settings with the telephone on."""
    values: dict[str, object] = {
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_number": OURS,
        "public_base_url": BASE,
        **more,
    }
    return replace(settings, **values)  # type: ignore[arg-type]


def sign(url: str, form: Mapping[str, str]) -> str:
    """The signature Twilio would send."""
    return str(RequestValidator(TOKEN).compute_signature(url, form))


@dataclass
class Phone:
    """One caller. `heard` holds everything said to him; `verbs` the names of the last TwiML."""

    client: Client | aiohttp.ClientSession
    clock: FakeClock
    number: str = "13812345678"
    sid: str = field(default_factory=lambda: f"CA{uuid.uuid4().hex}")
    heard: list[str] = field(default_factory=list)
    last: ElementTree.Element | None = None
    action: str = ""
    timeout: float = 0.0
    words: str = ""
    speaking: float = 0.0
    """Seconds our last words still take."""
    over: bool = False

    async def post(self, url: str, **form: str) -> ElementTree.Element:
        """One signed webhook; the answer's root."""
        split = urlsplit(url if url.startswith("http") else f"{BASE}/telephony/twilio/{url}")
        path = split.path + (f"?{split.query}" if split.query else "")
        body = {
            "CallSid": self.sid,
            "AccountSid": ACCOUNT,
            "From": international(self.number) if self.number else "anonymous",
            "To": OURS,
            "CallStatus": "in-progress",
            **form,
        }
        headers = {"X-Twilio-Signature": sign(BASE + path, body)}
        response = await self.client.post(path, data=body, headers=headers)
        text = await response.text()
        assert response.status == 200, (response.status, text)
        assert response.content_type == "application/xml"
        return fromstring(text)

    async def dial(self) -> str:
        """Call the hotline; what it says first."""
        return await self._follow(await self.post("voice"))

    def _listen(self, cut_in: float | None = None) -> None:
        """Hear the words out, or the first `cut_in` seconds of them."""
        seconds = self.speaking if cut_in is None else min(cut_in, self.speaking)
        self.clock.advance(timedelta(seconds=seconds))
        self.speaking = 0.0

    async def say(
        self, text: str, confidence: float | None = 0.9, cut_in: float | None = None
    ) -> str:
        """Speak once the hotline has finished, or into its words; its answer."""
        self._listen(cut_in)
        self.clock.advance(timedelta(seconds=seconds_to_say(text)))
        extra = {} if confidence is None else {"Confidence": str(confidence)}
        return await self._follow(await self.post(self.action, SpeechResult=text, **extra))

    async def press(self, digits: str) -> str:
        """Press keys."""
        self._listen()
        self.clock.advance(timedelta(seconds=0.5 * len(digits)))
        return await self._follow(await self.post(self.action, Digits=digits))

    async def stay_silent(self) -> str:
        """Let the waiting time pass."""
        self._listen()
        self.clock.advance(timedelta(seconds=self.timeout))
        return await self._follow(await self.post(self.action))

    async def hang_up(self) -> None:
        """Put the receiver down."""
        self._listen()
        self.over = True
        await self.post("status", CallStatus="completed")

    async def fetch(self, url: str, **form: str) -> str:
        """Follow an address the provider was told to fetch."""
        self._listen()
        return await self._follow(await self.post(url, **form))

    async def _follow(self, root: ElementTree.Element) -> str:
        said: list[str] = []
        for _ in range(_MOST_REDIRECTS):
            self.last = root
            said += [say.text or "" for say in root.iter("Say")]
            redirect = root.find("Redirect")
            if redirect is None:
                break
            self.clock.advance(timedelta(seconds=1))
            root = await self.post(redirect.text or "")
        else:
            raise AssertionError("redirected without end")
        self.words = "".join(said)
        self.heard.append(self.words)
        self.speaking = seconds_to_say(self.words)
        gather, enqueue = root.find("Gather"), root.find("Enqueue")
        if gather is not None:
            self.action, self.timeout = gather.get("action", ""), float(gather.get("timeout", "5"))
        elif enqueue is not None:
            self.action = enqueue.get("action", "")
            self.wait_url = enqueue.get("waitUrl", "")
        self.over = self.over or root.find("Hangup") is not None
        return self.words

    @property
    def verbs(self) -> list[str]:
        """The verbs of the last answer."""
        return [child.tag for child in self.last] if self.last is not None else []

    async def wait_in_queue(self, key: str = "") -> str:
        """What a waiting caller hears; `key` pressed, and where it leads."""
        root = await self.post(self.wait_url)
        if not key:
            return "".join(say.text or "" for say in root.iter("Say"))
        gather = root.find("Gather")
        assert gather is not None
        root = await self.post(gather.get("action", ""), Digits=key)
        assert root.find("Leave") is not None
        return await self._follow(await self.post(self.action, QueueResult="leave"))
