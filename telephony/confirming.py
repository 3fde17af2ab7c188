"""Words and digits read back to the caller, confirmed or mended before they count. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.language import answers
from telephony import hearing, prompts
from telephony.call_state import Call, Phase, Step, listen, miss, think
from telephony.events import Listen, Say
from telephony.speaking import group_digits, to_speech


def check_words(call: Call, text: str) -> Step:
    """Read back what was heard badly."""
    words = prompts.CHECK_WORDS.format(text=to_speech(text).rstrip("。"))
    return replace(call, phase=Phase.CHECKING, held=text), (Say(words), Listen(6, 1))


def hear_check(call: Call, text: str) -> Step:
    """Yes, no, or the right words in answer to what was read back."""
    held_digits = call.held.isdigit()
    if hearing.says_yes(text):
        return think(call, call.held)
    if held_digits:
        swapped = hearing.swap_digits(call.held, text)
        if swapped is not None:
            return check_digits(call, swapped)
        digits = hearing.digits_in(text)
        if len(digits) >= 7 or (digits and not hearing.says_no(text)):
            return take_digits(call, digits)
        if answers.is_anonymous(text) and not hearing.says_no(text):
            return think(call, text)
    if hearing.bare(text) in {"不对", "不是", "错", "不"} or answers.is_deny(text):
        call = replace(call, phase=Phase.LISTENING, held="")
        return call, (Say(prompts.SAY_AGAIN), listen(call))
    # said once more, or something else: these words count
    return think(call, text)


def take_digits(call: Call, digits: str) -> Step:
    """Digits said or pressed: read back when whole, gathered until then."""
    if hearing.is_whole_number(digits):
        return check_digits(call, digits)
    if len(digits) < hearing.longest_number(digits):
        call = replace(call, phase=Phase.COLLECTING, held=digits)
        return call, (Say(prompts.MORE_DIGITS.format(digits=group_digits(digits))), listen(call))
    return miss(replace(call, phase=Phase.LISTENING, held=""), prompts.BAD_NUMBER)


def check_digits(call: Call, digits: str) -> Step:
    """Read a whole number back."""
    call = replace(call, phase=Phase.CHECKING, held=digits)
    return call, (Say(prompts.CHECK_NUMBER.format(digits=group_digits(digits))), Listen(6, 1))
