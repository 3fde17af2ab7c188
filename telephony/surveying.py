"""The call-back after a case is closed (回访): solved, satisfied, what is left. Pure."""

from __future__ import annotations

from dataclasses import replace

from telephony import hearing, prompts
from telephony.call_state import Call, Phase, Step, ask, miss
from telephony.events import HangUp, NoteOutcome, Say

_NOT_SOLVED = ("没解决", "没有解决", "未解决", "没弄", "没人管", "还是", "没好", "没处理")
_SOLVED = ("解决了", "解决好了", "处理了", "好了", "没问题了", "弄好了")
_NOT_SATISFIED = ("不满意", "不太满意", "不好", "一般")


def hear(call: Call, text: str) -> Step:
    """Words during the survey."""
    if call.phase is Phase.UNSOLVED:
        return _end(call, NoteOutcome("remaining", text))
    if call.phase is Phase.SURVEY:
        return _hear_solved(call, text)
    return _hear_satisfied(call, text)


def press(call: Call, digits: str) -> Step:
    """Keys during the survey: 1 yes, 2 no."""
    if call.phase is Phase.UNSOLVED:
        return ask(call, prompts.ASK_UNSOLVED)
    yes, no = ("解决了", "没解决") if call.phase is Phase.SURVEY else ("满意", "不满意")
    return hear(call, yes if digits[:1] == "1" else no)


def _hear_solved(call: Call, text: str) -> Step:
    if hearing.says_no(text) or any(word in text for word in _NOT_SOLVED):
        call, acts = ask(replace(call, phase=Phase.UNSOLVED, misses=0), prompts.ASK_UNSOLVED)
        return call, (NoteOutcome("solved", "no"), *acts)
    if hearing.says_yes(text) or any(word in text for word in _SOLVED):
        call, acts = ask(replace(call, phase=Phase.SATISFIED, misses=0), prompts.ASK_SATISFIED)
        return call, (NoteOutcome("solved", "yes"), *acts)
    return miss(call, prompts.SURVEY_AGAIN)


def _hear_satisfied(call: Call, text: str) -> Step:
    if hearing.says_no(text) or any(word in text for word in _NOT_SATISFIED):
        return _end(call, NoteOutcome("satisfied", "no"))
    if hearing.says_yes(text) or "满意" in text or "好" in text:
        return _end(call, NoteOutcome("satisfied", "yes"))
    return miss(call, prompts.SATISFIED_AGAIN)


def _end(call: Call, outcome: NoteOutcome) -> Step:
    ended = replace(call, phase=Phase.ENDED)
    return ended, (outcome, Say(prompts.SURVEY_THANKS), HangUp())
