"""What a call remembers, and the few answers every part of it can give. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from telephony import prompts
from telephony.events import Act, Ask, Listen, Say, Transfer
from telephony.speaking import group_digits, to_speech

MOST_SILENCES = 3
MOST_MISSES = 3
_KEYS = {"phone": 11, "case_number": 13, "last_four": 4}


class Phase(StrEnum):
    """Where the call stands."""

    LISTENING = "listening"
    THINKING = "thinking"
    READING = "reading"
    CHECKING = "checking"
    COLLECTING = "collecting"
    RESUMING = "resuming"
    QUEUED = "queued"
    OFFERING = "offering"
    NUMBER = "number"
    TIME = "time"
    BOOKING = "booking"
    SURVEY = "survey"
    SATISFIED = "satisfied"
    UNSOLVED = "unsolved"
    TYPED = "typed"
    OPERATOR = "operator"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Call:
    """What the call remembers between two events; every field is JSON-able."""

    caller: str = ""
    """The caller's number in digits as dialled here; empty when withheld."""
    notice: str = ""
    """What is said about recording; empty when nothing is recorded."""
    patient: bool = True
    """False after several empty or merely abusive calls of this number: those then end at once."""
    phase: Phase = Phase.LISTENING
    question: str = ""
    """What the caller was last asked or told: said again on 重复 and after a silence."""
    choices: tuple[tuple[str, str], ...] = ()
    expects: str | None = None
    portions: tuple[str, ...] = ()
    held: str = ""
    """Words or digits read back and not confirmed yet."""
    number: str = ""
    when: str = ""
    silences: int = 0
    misses: int = 0
    spoke: bool = False
    """Whether the caller ever said or pressed anything."""
    danger: bool = False
    alarmed: bool = False
    """The next words tell what to do in danger: they are not to be interrupted."""
    unrecorded: bool = False
    """The caller refused to be recorded; nobody may switch it on again."""
    unfinished: bool = False
    refused: bool = False
    """A person was wanted and could not come; the way back does not offer one again at once."""
    counts: Mapping[str, int] | None = None
    """For the measures: silences, misses, barge_ins, insults, transfers, turns."""

    def to_json(self) -> dict[str, Any]:
        """As kept in the database."""
        return {**asdict(self), "phase": self.phase.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Call:
        """Back from the database; keys of other versions are dropped."""
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["phase"] = Phase(values.get("phase", "listening"))
        values["portions"] = tuple(values.get("portions") or ())
        values["choices"] = tuple((a, b) for a, b in values.get("choices") or ())
        return cls(**values)

    def counted(self, name: str) -> Call:
        """One more of `name`."""
        counts = dict(self.counts or {})
        counts[name] = counts.get(name, 0) + 1
        return replace(self, counts=counts)


Step = tuple[Call, tuple[Act, ...]]


def ask(call: Call, text: str, *, before: str = "", expects: str | None = None) -> Step:
    """Say `before` once and `text` as the question, then listen."""
    call = replace(call, question=text, expects=expects)
    return call, (Say(before + text), listen(call))


def listen(call: Call) -> Listen:
    """How to listen for what is expected now."""
    if call.expects in _KEYS:
        return Listen(8, _KEYS[call.expects], call.expects)
    return Listen(6, 1, call.expects)


def at_rest(call: Call) -> Call:
    """Listening, with nothing pending."""
    return replace(
        call, phase=Phase.LISTENING, choices=(), expects=None, portions=(), held="", misses=0
    )


def think(call: Call, text: str) -> Step:
    """Give the words to the dialogue."""
    return replace(call, phase=Phase.THINKING, held="", portions=()), (Ask(text),)


def miss(call: Call, said: str) -> Step:
    """Not understood: first said so, then asked more simply, then a person."""
    call = replace(call, misses=call.misses + 1).counted("misses")
    if call.misses >= MOST_MISSES and not call.refused:
        return want_human(call, "多次没有听明白", prompts.MISSED_LAST)
    if call.misses > 1:
        said += prompts.SIMPLER.get(call.expects, prompts.SIMPLER[None])
    return call, (Say(said), listen(call))


def say_again(call: Call) -> Step:
    """The last question or portion once more."""
    return call, (Say(now_asked(call)), listen(call))


def now_asked(call: Call) -> str:
    """What the caller is being asked."""
    if call.phase is Phase.CHECKING:
        if call.held.isdigit():
            return prompts.CHECK_NUMBER.format(digits=group_digits(call.held))
        return prompts.CHECK_WORDS.format(text=to_speech(call.held).rstrip("。"))
    if call.phase is Phase.COLLECTING:
        return prompts.MORE_DIGITS.format(digits=group_digits(call.held))
    return call.question or prompts.NOTHING_TO_REPEAT


def want_human(call: Call, reason: str, before: str = "") -> Step:
    """Look for a person."""
    call = replace(call, silences=0, misses=0).counted("transfers")
    return call, ((Say(before),) if before else ()) + (Transfer(reason),)
