"""Booking a call-back (回拨) on a call: whether, which number, when; each confirmed. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.language import answers
from bot.language.times import read_times
from telephony import hearing, prompts
from telephony.call_state import Call, Phase, Step, ask, miss
from telephony.events import Act, Ask, BookCallBack, LeaveQueue
from telephony.speaking import group_digits

SOON = "尽快"
_SOON_WORDS = frozenset(
    "尽快 越快越好 马上 现在 随时 都行 都可以 什么时候都行 随时都行 立刻 赶紧".split()
)


def ask_number(call: Call) -> Step:
    """Offer the number he calls from; ask for one when it is withheld."""
    call = replace(call, phase=Phase.NUMBER, number="", when="", held="")
    if not hearing.is_whole_number(call.caller):
        return ask(call, prompts.ASK_NUMBER, expects="phone")
    text = prompts.OFFER_NUMBER.format(digits=group_digits(call.caller))
    return ask(replace(call, number=call.caller), text, expects="phone")


def hear(call: Call, text: str) -> Step:
    """Words while a call-back is being booked."""
    match call.phase:
        case Phase.OFFERING:
            return _hear_offer(call, text)
        case Phase.NUMBER:
            return _hear_number(call, text)
        case Phase.TIME:
            return _hear_time(call, text)
        case _:
            return _hear_confirmation(call, text)


def press(call: Call, digits: str) -> Step:
    """Keys while a call-back is being booked."""
    digits = digits.rstrip("#")
    if call.phase is Phase.NUMBER and len(digits) > 1:
        return _take_number(call, digits)
    if call.phase is Phase.TIME:
        return hear(call, SOON if digits == "1" else "不用")
    return hear(call, "对" if digits == "1" else "不对")


def _hear_offer(call: Call, text: str) -> Step:
    if hearing.says_yes(text) or hearing.wants_call_back(text) or "回电" in text or "回拨" in text:
        return ask_number(call)
    if hearing.says_no(text) or answers.is_cancel(text):
        return _give_up(call)
    # something else to say: the assistant takes it
    return _go_on(call, text)


def _hear_number(call: Call, text: str) -> Step:
    digits = hearing.digits_in(text)
    held = call.held or call.number
    swapped = hearing.swap_digits(held, text) if held else None
    if swapped is not None:
        return _take_number(call, swapped)
    if len(digits) >= 3:
        return _take_number(call, digits if len(digits) >= 11 else call.held + digits)
    if call.number and hearing.says_yes(text):
        return _ask_time(call)
    if answers.is_cancel(text) or hearing.bare(text) in ("不用", "不用打"):
        return _give_up(call)
    if call.number and hearing.says_no(text):
        return ask(replace(call, number="", held=""), prompts.ASK_NUMBER, expects="phone")
    return miss(call, prompts.ASK_NUMBER)


def _take_number(call: Call, digits: str) -> Step:
    if hearing.is_whole_number(digits):
        text = prompts.CHECK_NUMBER.format(digits=group_digits(digits))
        return ask(replace(call, number=digits, held=""), text, expects="phone")
    if len(digits) < hearing.longest_number(digits):
        text = prompts.MORE_DIGITS.format(digits=group_digits(digits))
        return ask(replace(call, held=digits, number=""), text, expects="phone")
    return miss(replace(call, held="", number=""), prompts.BAD_NUMBER)


def _ask_time(call: Call) -> Step:
    return ask(replace(call, phase=Phase.TIME, held="", misses=0), prompts.ASK_TIME)


def _hear_time(call: Call, text: str) -> Step:
    if answers.is_cancel(text):
        return _give_up(call)
    soon = hearing.bare(text) in _SOON_WORDS or any(word in text for word in (SOON, "越快"))
    times = read_times(text)
    if not soon and not times:
        return miss(call, prompts.ASK_TIME_AGAIN)
    when = SOON if soon else "，".join(str(time.value) for time in times[:2])
    digits = group_digits(call.number)
    text = prompts.CHECK_CALL_BACK.format(when=when, digits=digits)
    return ask(replace(call, phase=Phase.BOOKING, when=when, misses=0), text)


def _hear_confirmation(call: Call, text: str) -> Step:
    if hearing.says_yes(text):
        book = BookCallBack(call.number, "" if call.when == SOON else call.when)
        done = replace(call, phase=Phase.LISTENING, choices=(), expects=None, held="", misses=0)
        done, acts = ask(done, prompts.BOOKED.format(when=call.when))
        return done, (book, *acts)
    if hearing.says_no(text):
        return ask_number(call)
    if read_times(text):
        return _hear_time(call, text)
    return miss(call, prompts.NOT_CAUGHT)


def _give_up(call: Call) -> Step:
    call = replace(call, phase=Phase.LISTENING, choices=(), expects=None, held="", misses=0)
    call, acts = ask(call, prompts.NOT_BOOKED)
    leave: tuple[Act, ...] = (LeaveQueue(),)
    return call, leave + acts


def _go_on(call: Call, text: str) -> Step:
    waiting = replace(call, phase=Phase.THINKING, choices=(), expects=None, held="")
    return waiting, (LeaveQueue(), Ask(text))
