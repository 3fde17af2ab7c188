"""A report being told (工单草稿): what is known so far and what to ask next.

Plain types. The dialogue hands a Reading of each message to cases.telling and gets an Outcome;
nothing here knows Rasa, the database or the words of the questions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from cases.models import CaseKind

SELF_HARM = "self_harm"
"""The emergency in which a person answers, not a form."""


class Slot(StrEnum):
    """What a report is made of, in the order it is asked for."""

    WANTED = "wanted"
    """Whether what was told beside another matter shall be filed at all."""
    DESCRIPTION = "description"
    CATEGORY = "category"
    LOCATION = "location"
    DISTRICT = "district"
    SIMILAR = "similar"
    """Whether it is what somebody reported already."""
    OCCURRED = "occurred"
    CONTACT = "contact"
    CONFIRMED = "confirmed"
    CHANGE = "change"
    SECRECY = "secrecy"
    """Never asked for: kept from the handling units because he said so."""


class Detour(StrEnum):
    """The message is not about the report; answer it, then come back."""

    QUESTION = "question"
    HUMAN = "human"
    CANCEL = "cancel"
    CHECK_CASE = "check_case"
    FIND_PLACE = "find_place"
    CHITCHAT = "chitchat"
    OUT_OF_SCOPE = "out_of_scope"
    NO_DANGER = "no_danger"
    """There is none after all; with what was told before, if anything was."""
    WHY_CONTACT = "why_contact"
    ANOTHER = "another"
    """Another matter, told before this one is finished."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of one message."""

    text: str
    intent: str = "inform"
    confidence: float = 1.0
    categories: Sequence[tuple[str, str, float]] = ()
    """(code, name, confidence), best first."""
    entities: Sequence[Mapping[str, Any]] = ()
    """Each with entity, value, text, start, end and data."""
    emergency: str | None = None
    shared_location: Mapping[str, Any] | None = None
    attachment_ids: Sequence[str] = ()
    photo_position: Mapping[str, float] | None = None
    """Where a picture in the message was taken, if it says so: lat, lon."""
    doubtful: bool = False
    """It was told beside another matter and may as well belong to that one."""

    def first(self, entity: str) -> Mapping[str, Any] | None:
        """The first entity of this kind."""
        return next((item for item in self.entities if item["entity"] == entity), None)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known so far. Every field is JSON-able; None is "not known yet"."""

    kind: str = CaseKind.COMPLAINT.value
    doubtful: bool = False
    """See Reading; he is asked before anything else."""
    description: str | None = None
    category: str | None = None
    offered: tuple[tuple[str, str], ...] = ()
    location: Mapping[str, Any] | None = None
    district_asked: bool = False
    place_settled: bool = False
    """A district alone will do: he was asked and knows no better."""
    occurred: str | None = None
    phone: str | None = None
    contact_name: str | None = None
    anonymous: bool = False
    confidential: bool = False
    photo_position: Mapping[str, float] | None = None
    """Where his picture was taken: his place, if he says so."""
    photo_offered: bool = False
    similar: Mapping[str, str] | None = None
    """A case that is likely the same: case_number, line (what may be told of it)."""
    similar_key: str | None = None
    """Category and place for which was looked last; other ones are looked up anew."""
    joins: str | None = None
    """The number of the case he follows instead of filing his own."""
    attachment_ids: tuple[str, ...] = ()
    emergency: str | None = None
    calm: Mapping[str, Any] | None = None
    """The draft as it was before danger was named in the middle of it."""
    confirmed: bool = False
    changing: bool = False
    misses: int = 0
    about: Mapping[str, Any] | None = None
    """The public information it corrects, as the knowledge base names it; None: it corrects none."""
    withdrawn: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By slot, what the resident has taken back: new words replace it, 不改了 brings it back."""

    def to_json(self) -> dict[str, Any]:
        """As kept in the dialogue's memory."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Draft:
        """Back from the dialogue's memory; keys of other versions are dropped."""
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in (data or {}).items() if key in known}
        for key in ("attachment_ids", "offered"):
            if key in values:
                values[key] = tuple(tuple(v) if isinstance(v, list) else v for v in values[key])
        return cls(**values)

    def missing(self) -> Slot | None:
        """What to ask next; None when the case can be filed."""
        if self.joins:
            return None
        if self.doubtful:
            return Slot.WANTED
        if self.changing:
            return Slot.CHANGE
        if not self.description:
            return Slot.DESCRIPTION
        if self.emergency:
            # nobody in danger fills in forms: the place, once, and it is filed
            unknown = self._place_unknown() and not (self.location or {}).get("subdistrict_code")
            asks = unknown and not self.misses and self.emergency != SELF_HARM
            return Slot.LOCATION if asks else None
        for slot in self._needed():
            if slot is Slot.CATEGORY and self.category is None:
                return slot
            if slot is Slot.LOCATION and self._place_unknown():
                return slot
            if slot is Slot.DISTRICT and self._district_unknown() and not self.district_asked:
                return slot
            if slot is Slot.SIMILAR and self.similar is not None:
                return slot
            if slot is Slot.OCCURRED and self.occurred is None:
                return slot
            if slot is Slot.CONTACT and self.phone is None and not self.anonymous:
                return slot
        return None if self.confirmed else Slot.CONFIRMED

    def without(self, slot: Slot) -> Draft:
        """The draft with one item forgotten, so that it is asked again."""
        empty = Draft()
        names = _ITEMS[slot]
        kept = {slot.value: {name: getattr(self, name) for name in names}}
        choices = tuple(choice for choice in self.offered if choice[0] != self.category)
        return replace(
            self,
            withdrawn={**self.withdrawn, **kept},
            offered=choices if slot is Slot.CATEGORY else self.offered,
            **{name: getattr(empty, name) for name in names},
        )

    def put_back(self, slot: Slot) -> Draft | None:
        """The draft with a forgotten item as it was; None when nothing was taken back."""
        kept = self.withdrawn.get(slot.value)
        if not kept:
            return None
        rest = {key: value for key, value in self.withdrawn.items() if key != slot.value}
        return replace(self, withdrawn=rest, misses=0, **kept)

    def retold(self, slot: Slot, new: str, old: str | None = None) -> Draft:
        """The draft with a note behind the story where it tells `old`, or what was withdrawn.

        His own words stay as he said them, for 上个月 in a story may be when his wife died; an
        address alone is nothing else, and the new one takes its place.
        """
        kept = self.withdrawn.get(slot.value) or {}
        old = old or kept.get("occurred") or (kept.get("location") or {}).get("raw_text")
        rest = {key: value for key, value in self.withdrawn.items() if key != slot.value}
        told = _NOTES[slot].sub("", self.description or "")
        if slot is Slot.LOCATION and old and _ADDRESS.search(old):
            told = told.replace(old, new)
        elif old and told and (old in told or told != self.description):
            told += f"（{_NOTED[slot]}更正为：{new}）"
        return replace(self, withdrawn=rest, description=told or None)

    @property
    def is_problem(self) -> bool:
        """Whether something is wrong somewhere: suggestions and praise have no category."""
        return self.kind not in (CaseKind.SUGGESTION.value, CaseKind.PRAISE.value)

    def _needed(self) -> tuple[Slot, ...]:
        if not self.is_problem:
            return (Slot.CONTACT,)
        return (
            Slot.CATEGORY,
            Slot.LOCATION,
            Slot.DISTRICT,
            Slot.SIMILAR,
            Slot.OCCURRED,
            Slot.CONTACT,
        )

    def _place_unknown(self) -> bool:
        if self.location is None:
            return True
        return not self.place_settled and is_coarse(self.location)

    def _district_unknown(self) -> bool:
        place = self.location or {}
        return not place.get("district_code") and place.get("lat") is None


def is_coarse(place: Mapping[str, Any]) -> bool:
    """Whether a place is no more than a district or a subdistrict: nobody finds 海淀区."""
    if place.get("lat") is not None:
        return False
    rest = str(place.get("raw_text") or "")
    for name in filter(None, (place.get("district"), place.get("subdistrict"))):
        bare = re.sub(r"(?:区|街道|地区|镇|乡)$", "", name)
        rest = rest.replace(name, "").replace(bare, "", 1)
    return re.fullmatch(r"(?:北京市?|街道|地区|镇|乡|区)*", rest) is not None


_ADDRESS = re.compile(r"[路街道巷胡同里区村].*[0-9一二三四五六七八九十]+(?:号|院|栋|弄|号楼)")
_NOTED = {Slot.LOCATION: "地点", Slot.OCCURRED: "时间"}
_NOTES = {slot: re.compile(f"（{name}更正为：[^）]*）") for slot, name in _NOTED.items()}
"""What is written behind a story that tells another place or time than he says now."""
_ITEMS: Mapping[Slot, tuple[str, ...]] = {
    Slot.LOCATION: ("location", "district_asked", "place_settled"),
    Slot.OCCURRED: ("occurred",),
    Slot.CATEGORY: ("category",),
    Slot.DESCRIPTION: ("description",),
    Slot.CONTACT: ("phone", "anonymous"),
}
"""The fields that hold a slot's answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message did to the draft."""

    draft: Draft
    detour: Detour | None = None
    changed: tuple[Slot, ...] = ()
    """What the message filled or mended, so that it can be said back."""
    missed: bool = False
    """The answer was not understood; ask again, more simply."""
    wants_human: bool = False
    """Missed twice: offer a person."""
