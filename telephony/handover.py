"""Between the assistant and a person: waiting, nobody free, joined, given back. Pure."""

from __future__ import annotations

from dataclasses import replace

from telephony import booking, prompts
from telephony.call_state import Call, Phase, Step, ask, at_rest
from telephony.events import Act, Hold, Joined, LeaveQueue, Listen, Queued, Say


def queue(call: Call, event: Queued) -> Step:
    """The caller waits for a person."""
    text = tell_place(event)
    return replace(at_rest(call), phase=Phase.QUEUED, question=text), (Say(text), Hold())


def tell_place(event: Queued) -> str:
    """The place in the queue, the expected wait, and the ways out of it."""
    place = prompts.PLACE.format(ahead=event.ahead) if event.ahead else prompts.PLACE_NEXT
    minutes = prompts.MINUTES.format(minutes=event.minutes) if event.minutes else ""
    return prompts.QUEUED.format(place=place, minutes=minutes)


def offer(call: Call, reason: str) -> Step:
    """No person will come now: a call-back is offered."""
    why = prompts.NOBODY.get(reason, prompts.NOBODY["busy"])
    if call.danger:
        why = prompts.IN_DANGER_NOBODY + why
    call = replace(at_rest(call), phase=Phase.OFFERING, refused=True)
    return ask(call, prompts.OFFER, before=why)


def ask_call_back(call: Call, before: tuple[Act, ...] = ()) -> Step:
    """Book a call-back, after what `before` does."""
    call, acts = booking.ask_number(at_rest(call))
    return call, before + acts


def give_back(call: Call) -> Step:
    """The assistant has the call again."""
    if call.phase is not Phase.QUEUED:
        return ask(at_rest(call), prompts.RETURNED)
    call, acts = ask(at_rest(call), prompts.NOT_BOOKED)
    leave: tuple[Act, ...] = (LeaveQueue(),)
    return call, leave + acts


def join(call: Call, event: Joined) -> Step:
    """A person has the call."""
    if event.typing:
        call = replace(at_rest(call), phase=Phase.TYPED)
        text = prompts.JOINED_TYPING.format(name=event.name)
        return replace(call, question=text), (Say(text), Listen(20, 1))
    return replace(at_rest(call), phase=Phase.OPERATOR), ()
