"""The first words of a call: who we are, the recording notice, what was left open. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from telephony import prompts
from telephony.call_state import Call, Phase, Step, ask
from telephony.events import Answered
from telephony.speaking import group_digits

_OPENINGS: Mapping[str | None, str] = {
    None: prompts.HELLO,
    "missed": prompts.HELLO_MISSED,
    "promised": prompts.HELLO_PROMISED,
    "follow_up": prompts.HELLO_FOLLOW_UP,
}


def greet(call: Call, event: Answered) -> Step:
    """Say who speaks and ask; a report left open is offered first."""
    number = group_digits(event.case_number or "")
    hello = _OPENINGS[event.errand].format(hotline=prompts.HOTLINE, number=number) + call.notice
    if event.errand == "follow_up" and event.case_number:
        survey = replace(call, phase=Phase.SURVEY, held=event.case_number)
        return ask(survey, prompts.ASK_SOLVED, before=hello)
    if event.unfinished:
        call = replace(call, phase=Phase.RESUMING, held=event.unfinished, unfinished=True)
        return ask(call, prompts.ASK_RESUME, before=hello)
    return ask(call, prompts.ASK_OPEN, before=hello)
