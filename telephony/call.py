"""One call as a state machine: `step(call, event)` gives the call after it and what to do.

Pure: no clock, no line, no database. The same steps run on a Twilio webhook, on a WebSocket, in a
test that plays a whole call in virtual time, and on the next kind of line. The dialogue itself
(what to ask about a report) is not here: the caller's words go to it by `Ask`, its replies come
back as `Answers`.
"""

from __future__ import annotations

from dataclasses import replace

from bot.language import answers
from bot.language.emergency import detect_emergency
from bot.language.insults import is_mere_insult
from bot.language.normalise import normalise
from telephony import booking, hearing, prompts, surveying
from telephony.call_state import (
    MOST_SILENCES,
    Call,
    Phase,
    Step,
    ask,
    at_rest,
    listen,
    miss,
    now_asked,
    say_again,
    think,
    want_human,
)
from telephony.confirming import check_digits, check_words, hear_check, take_digits
from telephony.events import (
    Answered,
    Answers,
    Ask,
    Event,
    HangUp,
    Heard,
    HungUp,
    Interrupted,
    Joined,
    LeaveQueue,
    Listen,
    NobodyFree,
    Pressed,
    Queued,
    Returned,
    Say,
    Silent,
    Slow,
    StopRecording,
    Transfer,
    Wait,
    WantsCallBack,
)
from telephony.greeting import greet
from telephony.handover import ask_call_back, give_back, join, offer, queue
from telephony.speaking import split_portions, to_speech

PORTION_CHARS = 100
"""About twenty seconds of speech: what a listener keeps in mind at a time."""
UNHEARD, UNSURE = 0.3, 0.55
"""Below the first the words are noise; below the second they are read back."""
MOST_INSULTS = 5
"""So often the dialogue answers mere abuse calmly; then the call ends with the numbers for danger."""
_NUMBERS = ("phone", "case_number")


def step(call: Call, event: Event) -> Step:
    """The call after `event`, and what to do, in order."""
    if call.phase is Phase.ENDED:
        return call, ()
    match event:
        case HungUp():
            return replace(call, phase=Phase.ENDED), ()
        case Interrupted():
            return call.counted("barge_ins"), ()
        case Answered():
            return greet(call, event)
        case Heard():
            return _hear(_awake(call), event)
        case Pressed():
            return _press(_awake(call), event.digits)
        case Silent():
            return _wait_out(call)
        case Answers():
            return _tell(call, event)
        case Slow():
            words = prompts.STILL_THERE if call.phase is Phase.THINKING else prompts.ONE_MOMENT
            return replace(call, phase=Phase.THINKING), (Say(words), Wait())
        case Queued():
            return queue(call, event)
        case NobodyFree():
            return offer(call, event.reason)
        case WantsCallBack():
            return ask_call_back(call, (LeaveQueue(),))
        case Joined():
            return join(call, event)
        case Returned():
            return give_back(call)


def _awake(call: Call) -> Call:
    return replace(call, silences=0, spoke=True).counted("turns")


# --- words -----------------------------------------------------------------------------------


def _hear(call: Call, event: Heard) -> Step:
    said = event.text.strip()
    text = normalise(said, "voice").text or said
    if not text:
        return _wait_out(replace(call, spoke=call.spoke))
    if detect_emergency(text):
        # nothing is asked back before danger has been answered
        return think(replace(at_rest(call), danger=True, alarmed=True), text)
    if call.phase in (Phase.OPERATOR, Phase.TYPED):
        return call, (Ask(text),)
    if event.confidence is not None and event.confidence < UNHEARD and len(said) > 1:
        return miss(call, prompts.NOT_CAUGHT)
    if is_mere_insult(text):
        call = call.counted("insults")
        if (call.counts or {})["insults"] >= (MOST_INSULTS if call.patient else 1):
            return replace(call, phase=Phase.ENDED), (Say(prompts.INSULTED), HangUp())
    if hearing.refuses_recording(text):
        call, acts = say_again(replace(call, unrecorded=True))
        return call, (StopRecording(), Say(prompts.RECORDING_OFF), *acts)
    if hearing.wants_repeat(text):
        return say_again(call)
    if answers.wants_human(text):
        return want_human(call, "市民要求人工")
    return _hear_in_phase(call, text, event.confidence)


def _hear_in_phase(call: Call, text: str, confidence: float | None) -> Step:
    match call.phase:
        case Phase.READING:
            return _hear_while_reading(call, text, confidence)
        case Phase.CHECKING:
            return hear_check(call, text)
        case Phase.COLLECTING:
            return _collect(call, text)
        case Phase.RESUMING:
            return _hear_resuming(call, text, confidence)
        case Phase.OFFERING | Phase.NUMBER | Phase.TIME | Phase.BOOKING:
            return booking.hear(call, text)
        case Phase.SURVEY | Phase.SATISFIED | Phase.UNSOLVED:
            return surveying.hear(call, text)
        case _:
            return _hear_plainly(call, text, confidence)


def _hear_plainly(call: Call, text: str, confidence: float | None) -> Step:
    done = hearing.has_no_more(text) and not (call.expects or call.unfinished)
    if done or hearing.says_goodbye(text):
        return _part(call)
    if hearing.wants_call_back(text):
        return ask_call_back(call)
    if call.expects in _NUMBERS:
        digits = hearing.digits_in(text)
        if call.expects == "phone" and len(digits) >= 3 and not answers.is_anonymous(text):
            return take_digits(call, digits)
        if call.expects == "case_number" and len(digits) == 13:
            return check_digits(call, digits)
    if confidence is not None and confidence < UNSURE and len(text) >= 4:
        return check_words(call, text)
    return think(call, text)


def _hear_while_reading(call: Call, text: str, confidence: float | None) -> Step:
    if hearing.has_enough(text):
        return ask(at_rest(call), prompts.ENOUGH)
    if hearing.wants_more(text):
        return read_on(call)
    return _hear_plainly(replace(call, phase=Phase.LISTENING, portions=()), text, confidence)


def _hear_resuming(call: Call, text: str, confidence: float | None) -> Step:
    question = call.held
    if hearing.wants_more(text) or hearing.says_yes(text):
        return ask(at_rest(call), question)
    if hearing.says_no(text):
        return think(replace(at_rest(call), unfinished=False), "取消")
    return _hear_plainly(at_rest(call), text, confidence)


def _collect(call: Call, text: str) -> Step:
    digits = hearing.digits_in(text)
    if not digits:
        return _hear_plainly(replace(call, phase=Phase.LISTENING, held=""), text, None)
    # a number begun again from its head replaces what was gathered
    whole = digits if hearing.is_whole_number(digits) else call.held + digits
    return take_digits(call, whole)


# --- keys --------------------------------------------------------------------------------------


def _press(call: Call, digits: str) -> Step:
    if call.phase in (Phase.OPERATOR, Phase.TYPED):
        return _stand_by(call)
    if digits == "0":
        return want_human(call, "市民按键要求人工")
    if digits == "*":
        return say_again(call)
    if call.phase is Phase.READING:
        return read_on(call) if digits == "1" else ask(at_rest(call), prompts.ENOUGH)
    if call.phase is Phase.CHECKING and len(digits) == 1:
        return hear_check(call, "对" if digits == "1" else "不对")
    if call.phase is Phase.RESUMING:
        return _hear_resuming(call, "继续" if digits == "1" else "不", None)
    if call.phase in (Phase.OFFERING, Phase.NUMBER, Phase.TIME, Phase.BOOKING):
        return booking.press(call, digits)
    if call.phase in (Phase.SURVEY, Phase.SATISFIED, Phase.UNSOLVED):
        return surveying.press(call, digits)
    return _press_answer(call, digits.rstrip("#*"))


def _press_answer(call: Call, digits: str) -> Step:
    if call.expects == "phone" and len(digits) > 1:
        gathered = call.held + digits if call.phase is Phase.COLLECTING else digits
        return take_digits(call, gathered)
    if len(digits) == 13 or (call.expects == "last_four" and len(digits) == 4):
        return think(call, digits)
    if len(digits) > 6:
        return check_digits(call, digits)
    choices = call.choices or (() if call.expects or call.unfinished else prompts.TOP_CHOICES)
    if len(digits) == 1 and digits.isdigit() and 0 < int(digits) <= len(choices):
        return think(call, choices[int(digits) - 1][1])
    return miss(call, prompts.NOT_CAUGHT)


# --- silence, misses, repetition -----------------------------------------------------------------


def _wait_out(call: Call) -> Step:
    if call.phase in (Phase.OPERATOR, Phase.TYPED, Phase.THINKING, Phase.QUEUED):
        return _stand_by(call)
    if call.phase is Phase.READING and call.portions:
        return read_on(call)  # who listens is silent
    call = replace(call, silences=call.silences + 1).counted("silences")
    if call.silences >= MOST_SILENCES or (not call.patient and not call.spoke):
        if not call.spoke and not call.patient:
            return replace(call, phase=Phase.ENDED), (Say(prompts.EMPTY_AGAIN), HangUp())
        if call.refused or call.phase in (Phase.SURVEY, Phase.SATISFIED, Phase.UNSOLVED):
            return _part(call)
        return want_human(call, "多次没有听到声音", prompts.NOT_HEARD_LAST)
    if call.silences == 1:
        return call, (Say(prompts.NOT_HEARD + now_asked(call)), listen(call))
    return call, (Say(prompts.NOT_HEARD_SIMPLER + _simpler(call)), listen(call))


def _simpler(call: Call) -> str:
    if call.phase is Phase.CHECKING:
        return "对请按一，不对请按二。"
    if call.phase in (Phase.OFFERING, Phase.NUMBER, Phase.TIME, Phase.BOOKING):
        return call.question
    if call.expects:
        return prompts.SIMPLER.get(call.expects, prompts.SIMPLER[None])
    if any(title not in _WAYS_OUT for title, _ in call.choices) or len(call.choices) > 1:
        return tell_keys(call.choices) + "找人工按零。"
    if call.unfinished or call.phase in (Phase.SURVEY, Phase.SATISFIED, Phase.UNSOLVED):
        return call.question + "找人工按零。"
    return prompts.TOP_KEYS


def tell_keys(choices: tuple[tuple[str, str], ...]) -> str:
    """`提交按一，修改按二。`"""
    numbered = (f"{title}按{'一二三四五六七八九'[at]}" for at, (title, _) in enumerate(choices[:9]))
    return "，".join(numbered) + "。"


# --- what the dialogue says -----------------------------------------------------------------------


_WAYS_OUT = frozenset(
    {"取消", "修改", "转人工", "返回智能助手", "不用", "不清楚", "记不清", "现在", "匿名"}
)
"""Choices that need not be read out each time: the question says them, or the greeting did."""


def _tell(call: Call, event: Answers) -> Step:
    call = replace(call, unfinished=event.unfinished)
    if event.waits:
        said = "".join(to_speech(each.text) for each in event.answers[:-1])
        call = at_rest(call)
        return call, ((Say(said),) if said else ()) + (Transfer("市民要求人工"),)
    if not event.answers:
        with_person = call.phase in (Phase.OPERATOR, Phase.TYPED)
        return _stand_by(call if with_person else replace(call, phase=Phase.THINKING))
    last = event.answers[-1]
    text = "".join(to_speech(each.text) for each in event.answers)
    if last.by_operator or call.phase is Phase.TYPED:
        return replace(call, phase=Phase.TYPED), (Say(text), Listen(20, 1))
    call = replace(at_rest(call), misses=call.misses, choices=last.choices, expects=last.expects)
    if any(each.missed for each in event.answers):
        return _tell_missed(call, text)
    call = replace(call, misses=0)
    if any(each.case_number for each in event.answers) and not last.expects:
        text += "再听一遍请说重复。还有别的事，请直接说。"
    told = [(title, sent) for title, sent in last.choices if title not in _WAYS_OUT]
    if 1 < len(told) <= 6 and not all(title in text for title, _ in told):
        text += tell_keys(last.choices)
    return _read_out(call, text)


def _tell_missed(call: Call, text: str) -> Step:
    call, acts = miss(replace(call, question=text), text)
    return call, acts


def _stand_by(call: Call) -> Step:
    """Nothing to say: the caller may speak to an operator who types, else the line is kept."""
    return call, (Listen(20, 1) if call.phase is Phase.TYPED else Wait(),)


def _read_out(call: Call, text: str) -> Step:
    if call.alarmed:
        call = replace(call, alarmed=False, question=text)
        return call, (Say(text, interruptible=False), listen(call))
    if len(text) <= PORTION_CHARS + 40 or call.expects or call.choices:
        return ask(call, text, expects=call.expects)
    first, *rest = split_portions(text, PORTION_CHARS)
    call = replace(call, phase=Phase.READING, portions=tuple(rest), question=first)
    return call, (Say(first + prompts.MORE), Listen(5, 1))


def read_on(call: Call) -> Step:
    """The next portion; after the last one, what else there is."""
    if not call.portions:
        return ask(at_rest(call), prompts.ENOUGH)
    first, *rest = call.portions
    if not rest:
        plain = at_rest(call)
        return replace(plain, question=first), (Say(first + prompts.ENOUGH), listen(plain))
    call = replace(call, portions=tuple(rest), question=first)
    return call, (Say(first + prompts.MORE_SHORT), Listen(5, 1))


def _part(call: Call) -> Step:
    words = prompts.GOODBYE_UNFINISHED if call.unfinished else prompts.GOODBYE
    return replace(call, phase=Phase.ENDED), (Say(words), HangUp())


__all__ = ["Call", "Phase", "Step", "step"]
