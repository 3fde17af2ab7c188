"""What happens on a call, and what the call does about it: plain types shared by every line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answered:
    """The line is open. `unfinished`: the question at which an earlier call broke off."""

    unfinished: str | None = None
    errand: str | None = None
    """Why we call (an outbound call): missed, promised, follow_up; None for an inbound call."""
    case_number: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller said something. `confidence` from 0 to 1, None when the line gives none."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys, in order."""

    digits: str


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing came after a question, the whole waiting time long."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller spoke into our words; `heard` is what he had heard of them."""

    heard: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing the dialogue (or an operator who types) says."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()
    """(what is said of it, what is sent for it)"""
    expects: str | None = None
    missed: bool = False
    case_number: str | None = None
    by_operator: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """The dialogue's turn. `waits`: the caller waits for a person from now on."""

    answers: tuple[Answer, ...] = ()
    waits: bool = False
    unfinished: bool = False
    """A report has been begun and not handed in."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The dialogue has not answered yet."""


@dataclass(frozen=True, slots=True)
class Queued:
    """The caller waits for a person: how many are before him, and about how many minutes."""

    ahead: int
    minutes: int | None


@dataclass(frozen=True, slots=True)
class NobodyFree:
    """No person will come now: closed, busy, refused, no_answer or failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A person is on the line. `typing`: she writes and the synthesiser speaks for her."""

    name: str
    typing: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """The person gave the call back to the assistant."""


@dataclass(frozen=True, slots=True)
class WantsCallBack:
    """Asked, while waiting, to be called back."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The line is closed."""

    by: str = "caller"


Event = (
    Answered | Heard | Pressed | Silent | Interrupted | Answers | Slow | Queued | NobodyFree
    | Joined | Returned | WantsCallBack | HungUp
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Say:
    """Speak. Not `interruptible`: what must be heard whole (danger)."""

    text: str
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for words or keys, `seconds` long; `keys` is how many keys make an answer."""

    seconds: int = 6
    keys: int | None = None
    expects: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Keep the line open without a question: the dialogue or a typing operator has the word."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Music or silence until a person comes."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the line."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Give the caller's words to the dialogue."""

    text: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Find a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """Wait for a person no longer."""


@dataclass(frozen=True, slots=True)
class BookCallBack:
    """Call this number back; `when` in the caller's words, empty for as soon as possible."""

    number: str
    when: str


@dataclass(frozen=True, slots=True)
class StopRecording:
    """The caller refuses to be recorded."""


@dataclass(frozen=True, slots=True)
class NoteOutcome:
    """What came of an outbound call, by name and value."""

    name: str
    value: str


Act = (
    Say | Listen | Wait | Hold | HangUp | Ask | Transfer | LeaveQueue | BookCallBack
    | StopRecording | NoteOutcome
)  # fmt: skip
