"""What we ask of a telephone provider, and one that only remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hotline.errors import HotlineError
from telephony.models import Line


class ProviderFailed(HotlineError):
    """The provider refused or could not be reached. `permanent`: trying again will not help."""

    code = "provider_failed"
    status = 503
    message = "电话服务暂时没有响应，请稍后再试。"

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__()
        self.reason = reason
        self.permanent = permanent


class Provider(Protocol):
    """The provider's REST side. Every method raises ProviderFailed when it did not work."""

    async def call_resident(self, number: str, call_back_id: str, ring_seconds: int) -> str:
        """Ring a resident; the answered line asks for the call-back's words. Gives the call's id."""
        ...

    async def call_operator(self, number: str, leg_id: str, ring_seconds: int) -> str:
        """Ring an operator for a waiting call, at a number or in her browser (`client:…`)."""
        ...

    async def call_third(self, number: str, call_id: str) -> str:
        """Ring a third person into a call's conference."""
        ...

    async def fetch_next(self, sid: str, call_id: str, line: Line) -> None:
        """Make a live call ask at once what comes next."""
        ...

    async def join(self, sid: str, call_id: str) -> None:
        """Bring a live call into its conference."""
        ...

    async def hang_up(self, sid: str) -> None:
        """End a call or a leg."""
        ...

    async def start_recording(self, sid: str, call_id: str) -> None:
        """Record from now on."""
        ...

    async def stop_recording(self, sid: str) -> None:
        """Record no longer."""
        ...

    async def fetch_recording(self, recording_sid: str) -> bytes:
        """The sound, as WAV."""
        ...

    async def delete_recording(self, recording_sid: str) -> None:
        """Delete it at the provider."""
        ...


@dataclass
class RecordingProvider:
    """A provider without a network: keeps the requests in order; for tests and trying out."""

    requests: list[tuple[str, ...]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    """Names of methods that raise ProviderFailed."""
    sounds: Mapping[str, bytes] = field(default_factory=dict)

    def _note(self, name: str, *values: str) -> str:
        if name in self.failing:
            raise ProviderFailed(name)
        self.requests.append((name, *values))
        return f"CA{len(self.requests):032x}"

    def named(self, name: str) -> Sequence[tuple[str, ...]]:
        """The requests of one kind."""
        return [request[1:] for request in self.requests if request[0] == name]

    async def call_resident(self, number: str, call_back_id: str, ring_seconds: int) -> str:
        return self._note("call_resident", number, call_back_id)

    async def call_operator(self, number: str, leg_id: str, ring_seconds: int) -> str:
        return self._note("call_operator", number, leg_id)

    async def call_third(self, number: str, call_id: str) -> str:
        return self._note("call_third", number, call_id)

    async def fetch_next(self, sid: str, call_id: str, line: Line) -> None:
        self._note("fetch_next", sid, call_id)

    async def join(self, sid: str, call_id: str) -> None:
        self._note("join", sid, call_id)

    async def hang_up(self, sid: str) -> None:
        self._note("hang_up", sid)

    async def start_recording(self, sid: str, call_id: str) -> None:
        self._note("start_recording", sid, call_id)

    async def stop_recording(self, sid: str) -> None:
        self._note("stop_recording", sid)

    async def fetch_recording(self, recording_sid: str) -> bytes:
        self._note("fetch_recording", recording_sid)
        return self.sounds.get(recording_sid, b"")

    async def delete_recording(self, recording_sid: str) -> None:
        self._note("delete_recording", recording_sid)


class NoProvider(RecordingProvider):
    """Where no provider is set: every request fails at once."""

    def _note(self, name: str, *values: str) -> str:
        raise ProviderFailed("no provider", permanent=True)
