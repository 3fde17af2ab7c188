"""What speaks for and against two reports being of one trouble, as numbers and as refusals. Pure.

A report is read once (`prepare`) and compared with many; only the meanings of its pieces come
from outside, so that those of a batch are embedded together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.language.models import Vector
from bot.language.sentences import cut_sentences
from cases import manner
from cases.names import same_name, says_short
from cases.spots import (
    Spot,
    contradict,
    contradict_numbers,
    contradict_sides,
    contradict_stretches,
    read_spot,
)
from cases.wording import exchange_places

LONGEST = 2000
MOST_SENTENCES = 4
"""Sentences of a report whose meaning is compared besides the whole."""
_SHORTEST_STORY = 10
"""Characters: a shorter body is aligned together with its title."""
_YEAR = 365.0

FEATURES = (
    "shared_name",
    "names_beside",
    "other_names",
    "other_side",
    "long_after",
    "follows_up",
    "comes_back",
    "wished_or_broken",
    "closeness",
)
"""The columns of `weigh`, in order."""


class Against(StrEnum):
    """Why two reports cannot be of one trouble."""

    NAMES = "说的是两个地方"
    AREAS = "不在同一个区或街道"
    NUMBERS = "门牌或楼号不同"
    THANKS = "一件是来道谢的"


@dataclass(frozen=True, slots=True)
class Told:
    """A report prepared for comparing: its places, and what it tells beside them."""

    spot: Spot
    head_spot: Spot
    story: str
    """The body, or everything where the body is short or placeless: what copies keep."""
    pieces: tuple[str, ...]
    """What is told without the places: the whole, then its sentences when there are several."""
    posted_at: datetime | None

    @property
    def whole(self) -> str:
        """All that was said, as it is read."""
        return self.spot.text


def prepare(title: str, body: str, posted_at: datetime | None) -> Told:
    """Read a report's places once, so that it can be compared with many."""
    spot, head = read_spot(f"{title[:LONGEST]}，{body}"[:LONGEST].strip("，")), read_spot(title)
    story = spot.text.removeprefix(head.text).lstrip("，")
    # a title is worded anew, unless only it tells where
    is_placed = any(name in story for _, name in spot.names)
    told = spot.covered.strip() or "无"
    sentences = [each.text for each in cut_sentences(told)]
    return Told(
        spot,
        head,
        story if len(story) >= _SHORTEST_STORY and is_placed else spot.text,
        (told, *sentences[:MOST_SENTENCES]) if len(sentences) > 1 else (told,),
        posted_at,
    )


def measure_closeness(
    told: Told, others: Sequence[Told], embed: Callable[[Sequence[str]], Vector]
) -> list[float]:
    """How close in meaning `told` is to each of `others`; everything is embedded at once.

    The cosine of the whole of one and the closest sentence of the other: a letter of ten
    sentences tells in one of them what another told in five words.
    """
    pieces = [*told.pieces, *(piece for other in others for piece in other.pieces)]
    vectors = embed(pieces)
    at = len(told.pieces)
    mine, found = vectors[:at], []
    for other in others:
        theirs = vectors[at : at + len(other.pieces)]
        at += len(other.pieces)
        found.append(max(float((mine @ theirs[0]).max()), float((theirs @ mine[0]).max())))
    return found


def weigh(a: Told, b: Told, closeness: float, *, near: bool = False) -> tuple[float, ...]:
    """The numbers that FEATURES names; `near`: measured to lie near, whatever the names."""
    first, later = sorted(
        (a, b), key=lambda told: told.posted_at or datetime.min.replace(tzinfo=UTC)
    )
    # squared: a season later it is often still that trouble, a year later hardly ever
    late = min(_days_between(a, b) / _YEAR, 1.0) ** 2
    follows = manner.tells_of_earlier(later.whole)
    values = (
        shared_name(a, b) is not None,
        _names_beside(a, b),
        not near and _is_named_apart(a, b),
        contradict_sides(a.spot, b.spot),
        0.0 if follows else late,
        # where both say so it tells nothing of the two
        follows and not manner.tells_of_earlier(first.whole),
        late * manner.tells_of_again(later.whole),
        _is_wish_and_fault(first, later),
        (closeness - 0.9) * 10,
    )
    return tuple(map(float, values))


def refuse(a: Told, b: Told, *, near: bool = False) -> Against | None:
    """Why it cannot be one trouble; None when nothing rules it out."""
    if contradict(a.spot.areas, b.spot.areas) or _in_two_cities(a, b):
        return Against.AREAS
    if contradict_numbers(a.spot, b.spot):
        return Against.NUMBERS
    if manner.thanks(a.whole) != manner.thanks(b.whole):
        return Against.THANKS
    if near:
        return None
    if contradict_stretches(a.spot, b.spot) or exchange_places(a.story, b.story):
        return Against.NAMES
    return None


def shared_name(a: Told, b: Told) -> str | None:
    """A name that one report is about and the other says too, perhaps in short."""
    for one, other in ((a, b), (b, a)):
        # a title names the place itself; a story also names what lies around it
        for _, name in one.head_spot.names or one.spot.names:
            if name in other.whole or any(same_name(name, each) for _, each in other.spot.names):
                return name
            if says_short(other.whole, name):
                return name
    return None


def _unshared(a: Told, b: Told) -> list[str]:
    """The names of places in `a` that `b` does not say."""
    theirs = [name for _, name in b.spot.names]
    return [
        name
        for _, name in a.spot.names
        if name not in b.whole and not any(same_name(name, each) for each in theirs)
    ]


def _names_beside(a: Told, b: Told) -> bool:
    """Whether one name is shared and each tells another beside it: two stretches of a road."""
    mine, theirs = _unshared(a, b), _unshared(b, a)
    return bool(mine and theirs) and len(mine) < len(a.spot.names)


def _is_named_apart(a: Told, b: Told) -> bool:
    """Whether both name places and share no name."""
    return (
        bool(a.spot.names and b.spot.names)
        and len(_unshared(a, b)) == len(a.spot.names)
        and len(_unshared(b, a)) == len(b.spot.names)
    )


def _in_two_cities(a: Told, b: Told) -> bool:
    return bool(a.spot.cities and b.spot.cities) and a.spot.cities.isdisjoint(b.spot.cities)


def _is_wish_and_fault(a: Told, b: Told) -> bool:
    """Whether one wants what is not there and the other has one that does not work."""
    wishes = [manner.wishes_for(told.whole) for told in (a, b)]
    faults = [manner.finds_fault(told.whole) for told in (a, b)]
    return (wishes, faults) in (([True, False], [False, True]), ([False, True], [True, False]))


def _days_between(a: Told, b: Told) -> float:
    if a.posted_at is None or b.posted_at is None:
        return 0.0
    return abs((a.posted_at - b.posted_at) / timedelta(days=1))
