"""Reads the transcript of a call between two people: a work order with its evidence. Pure.

Only the caller's words fill the order; the operator's questions and promises do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.language.models import Understanding
from cases.absorbing import absorb
from cases.categories import UNSORTED, get_category
from cases.draft import Draft, Reading, Slot
from cases.mending import mend
from cases.models import CaseKind
from cases.story import tells_something
from cases.telling import begin
from telephony.hearing import digits_in

RESIDENT, OPERATOR, SYSTEM = "resident", "operator", "system"
SPEAKERS = (RESIDENT, OPERATOR, SYSTEM)

Understand = Callable[[str], Understanding]

_ABOUT = {
    "report_case": CaseKind.COMPLAINT,
    "make_suggestion": CaseKind.SUGGESTION,
    "give_praise": CaseKind.PRAISE,
    "report_error": CaseKind.SUGGESTION,
}
_PURPOSES = {
    "ask_policy": "咨询",
    "check_case": "查进度",
    "find_office": "咨询",
    "find_market": "咨询",
}
_SURE = 0.4
"""Less sure than this an intent says nothing about the call."""
_ASKS_TIME = re.compile(r"什么时候|什么时间|几点|哪天|多久|多长时间|何时")
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{2,3}?(?<![小社园地院厂])区")
_ANGRY = re.compile(
    r"气死|投诉你|什么态度|没人管|推来推去|踢皮球|骗|忍无可忍|第[二三四五六七八九]次|又来了|多少次|不像话|太过分"
)
_HURRIED = re.compile(r"着急|急死|赶紧|马上来|快点|尽快|等不了")
_CONTENT = re.compile(r"谢谢|感谢|辛苦|太好了|满意")
_PROMISE = re.compile(r"(?:我们?|我这边|这边)(?:会|帮您|给您|将|马上|尽快).{2,40}")


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of speech; times in milliseconds from the start of the call."""

    id: str
    speaker: str
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where in the transcript a field stands: code points of that segment's text."""

    segment_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the order. `value` for people, `code` for systems."""

    name: str
    label: str
    value: str
    code: str | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What the transcript makes of a work order, and what the call was about."""

    kind: str
    purpose: str
    mood: str
    emergency: str | None
    unit: str | None
    fields: tuple[Field, ...]
    missing: tuple[str, ...]
    summary: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As kept and as told."""
        return asdict(self)

    def value(self, name: str) -> Field | None:
        """The field called so."""
        return next((item for item in self.fields if item.name == name), None)


@dataclass(slots=True)
class _Draft:
    draft: Draft | None = None
    evidence: dict[str, list[Evidence]] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)


def read_order(segments: Sequence[Segment], understand: Understand) -> Order:
    """The order in the call, field by field with its evidence."""
    state, intents, emergency = _Draft(), [], None
    expects_number = expects_time = False
    for segment in segments:
        if segment.speaker != RESIDENT:
            expects_number = "电话" in segment.text or "号码" in segment.text
            expects_time = _ASKS_TIME.search(segment.text) is not None
            continue
        found = understand(segment.text)
        emergency = emergency or found.emergency
        intents.append((found.intent.name, found.intent.confidence))
        _take(state, segment, to_reading(found))
        if expects_time:
            _take_time(state, segment, to_reading(found))
        if expects_number:
            _take_digits(state, segment)
    draft = _sort(state, understand)
    fields = tuple(_fields(draft, state))
    known = {item.name for item in fields}
    wanted = [("category", "类别"), ("location", "地点"), ("occurred", "时间"), ("phone", "电话")]
    missing = tuple(label for name, label in wanted if name not in known)
    kind = draft.kind if draft else CaseKind.CONSULTATION.value
    purpose = _purpose(intents, draft)
    return Order(
        kind=kind,
        purpose=purpose,
        mood=tell_mood(segments),
        emergency=emergency,
        unit=_unit(draft),
        fields=fields,
        missing=missing if draft is not None and draft.is_problem else (),
        summary=_summarise(purpose, fields, segments),
    )


def to_reading(found: Understanding) -> Reading:
    """What the dialogue's own logic wants of an understanding."""
    return Reading(
        text=found.text,
        intent=found.intent.name,
        confidence=found.intent.confidence,
        categories=tuple((c.code, c.name, c.confidence) for c in found.category_ranking),
        entities=tuple(
            {"entity": e.entity, "value": e.value, "text": e.text, "start": e.start, "end": e.end,
             "data": dict(e.data)}
            for e in found.entities
        ),
        emergency=found.emergency,
    )  # fmt: skip


def _take(state: _Draft, segment: Segment, reading: Reading) -> None:
    about = reading.intent in _ABOUT and reading.confidence >= _SURE
    if state.draft is None:
        starts = about or reading.emergency or reading.first("location")
        if not starts:
            return
        state.draft = begin(reading, _ABOUT[reading.intent] if about else CaseKind.COMPLAINT).draft
        changed: tuple[Slot, ...] = tuple(Slot)
    else:
        outcome = mend(state.draft, None, reading) or absorb(state.draft, reading, Slot.CONFIRMED)
        state.draft, changed = outcome.draft, outcome.changed
        if reading.intent == "report_case" and about and not state.draft.is_problem:
            # what began as a word of advice turns out to be a trouble
            state.draft = replace(state.draft, kind=CaseKind.COMPLAINT.value)
    if about and tells_something(segment.text) and len(segment.text) >= 6:
        state.story.append(segment.text)
        _note(state, "description", segment, 0, len(segment.text), add=True)
    kinds = {"location": Slot.LOCATION, "time": Slot.OCCURRED, "phone": Slot.CONTACT}
    for item in reading.entities:
        slot = kinds.get(item["entity"])
        if slot is None or slot not in changed:
            continue
        name = {"location": "location", "time": "occurred", "phone": "phone"}[item["entity"]]
        _note(state, name, segment, item["start"], item["end"])
    for name, slot in (("location", Slot.LOCATION), ("occurred", Slot.OCCURRED)):
        proofs = state.evidence.get(name, ())
        if (
            slot in changed
            and state.draft is not None
            and segment.id not in (proof.segment_id for proof in proofs)
            and name in state.evidence
        ):
            # mended by words that name no place of their own: 不是48号，是68号
            _note(state, name, segment, 0, len(segment.text), add=True)


def _take_time(state: _Draft, segment: Segment, reading: Reading) -> None:
    """The answer to when it was counts more than 晚上 in what was told before."""
    times = [item for item in reading.entities if item["entity"] == "time"]
    if state.draft is None or not times:
        return
    said = "，".join(str(item["value"]) for item in times)
    state.draft = replace(state.draft, occurred=said)
    _note(state, "occurred", segment, times[0]["start"], times[-1]["end"])


def _take_digits(state: _Draft, segment: Segment) -> None:
    """A number dictated in answer to the operator's question, even in the barest form."""
    digits = digits_in(segment.text)
    if state.draft is None or state.draft.phone or len(digits) != 11 or digits[0] not in "01":
        return
    state.draft = replace(state.draft, phone=digits, anonymous=False)
    _note(state, "phone", segment, 0, len(segment.text))


def _note(
    state: _Draft, name: str, segment: Segment, start: int, end: int, *, add: bool = False
) -> None:
    found = Evidence(segment.id, start, end)
    if add:
        state.evidence.setdefault(name, []).append(found)
    else:
        state.evidence[name] = [found]


def _sort(state: _Draft, understand: Understand) -> Draft | None:
    """The category by everything told, when no single sentence was plain."""
    draft = state.draft
    if draft is None or not draft.is_problem:
        return draft
    told = "，".join(state.story) or draft.description or ""
    if told:
        ranking = understand(told[:300]).category_ranking
        likely = [each for each in ranking if each.code != UNSORTED]
        if likely and (draft.category is None or likely[0].confidence >= 0.5):
            draft = replace(draft, category=likely[0].code)
    return draft


def _fields(draft: Draft | None, state: _Draft) -> list[Field]:
    if draft is None:
        return []
    proof: Mapping[str, list[Evidence]] = state.evidence
    told = tuple(proof.get("description", ()))
    fields = []
    if draft.category and draft.is_problem:
        name = get_category(draft.category).name
        fields.append(Field("category", "类别", name, draft.category, told[:2]))
    if draft.location:
        district = str(draft.location.get("district") or "")
        street = str(draft.location.get("subdistrict") or "")
        raw = str(draft.location["raw_text"])
        value = raw if district in raw else district + raw
        code = draft.location.get("subdistrict_code") or draft.location.get("district_code")
        fields.append(
            Field("location", "地点", value + (f"（{street}）" if street and street not in raw else ""),
                  str(code) if code else None, tuple(proof.get("location", ())))
        )  # fmt: skip
    if draft.occurred:
        fields.append(
            Field("occurred", "时间", draft.occurred, None, tuple(proof.get("occurred", ())))
        )
    story = "\n".join(state.story) or draft.description
    if story:
        fields.append(Field("description", "内容", story, None, told))
    if draft.phone:
        fields.append(Field("phone", "电话", draft.phone, None, tuple(proof.get("phone", ()))))
    if draft.contact_name:
        fields.append(Field("contact_name", "称呼", draft.contact_name))
    return fields


def _unit(draft: Draft | None) -> str | None:
    place = (draft.location or {}) if draft and draft.is_problem else {}
    street = place.get("subdistrict")
    return f"{place.get('district') or ''}{street}综合行政执法队" if street else None


def _purpose(intents: Sequence[tuple[str, float]], draft: Draft | None) -> str:
    if draft is not None:
        return draft.kind
    best = max((each for each in intents if each[0] in _PURPOSES), key=lambda e: e[1], default=None)
    return _PURPOSES[best[0]] if best else "其他"


def tell_mood(segments: Sequence[Segment]) -> str:
    """How the caller sounded, by his words alone: 不满 着急 满意 平静."""
    said = "".join(segment.text for segment in segments if segment.speaker == RESIDENT)
    last = "".join(s.text for s in segments[-4:] if s.speaker == RESIDENT)
    if _ANGRY.search(said):
        return "不满"
    if _HURRIED.search(said):
        return "着急"
    return "满意" if _CONTENT.search(last) else "平静"


def _summarise(
    purpose: str, fields: Sequence[Field], segments: Sequence[Segment]
) -> tuple[str, ...]:
    known = {item.name: item.value for item in fields}
    what = (known.get("description") or "").split("\n")[0][:60]
    lines = [f"来意：{purpose}" + (f"，{known['category']}" if "category" in known else "")]
    if what:
        lines.append(f"内容：{what}")
    where = "，".join(filter(None, (known.get("location"), known.get("occurred"))))
    if where:
        lines.append(f"地点时间：{where}")
    promised = next(
        (
            m[0]
            for s in reversed(segments)
            if s.speaker == OPERATOR and (m := _PROMISE.search(s.text))
        ),
        None,
    )
    if promised:
        lines.append(f"坐席答复：{promised[:60]}")
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check of an operator's order found."""

    field: str
    label: str
    problem: str
    """missing: the caller said it, the order lacks it; contradicted: the order says otherwise."""
    said: str
    written: str
    evidence: tuple[Evidence, ...]


def check_order(order: Order, written: Mapping[str, str]) -> tuple[Finding, ...]:
    """The operator's order against the transcript."""
    findings = []
    told = order.value("description")
    for item in order.fields:
        mine = (written.get(item.name) or "").strip()
        if item.name == "description":
            continue
        if not mine:
            problem = "missing"
        elif _agrees(item, mine):
            continue
        elif item.name == "occurred" and told is not None and mine in told.value:
            continue  # of two times he named, the operator wrote the other
        else:
            problem = "contradicted"
        findings.append(Finding(item.name, item.label, problem, item.value, mine, item.evidence))
    return tuple(findings)


def _agrees(item: Field, mine: str) -> bool:
    if item.name == "phone":
        return digits_in(mine)[-11:] == item.value[-11:]
    if item.name == "category":
        return mine in (item.value, item.code)
    said = re.sub(r"（.*?）", "", item.value)
    short, long = sorted((_plain(said), _plain(mine)), key=len)
    if not short:
        return False
    districts = [_DISTRICT.match(_plain(each)) for each in (said, mine)]
    if all(districts) and len({each[0] for each in districts if each}) > 1:
        return False  # the same road in another district is another place
    common = sum(character in long for character in short) / len(short)
    return short in long or (common >= 0.85 and digits_in(said) == digits_in(mine))


def _plain(text: str) -> str:
    return re.sub(r"[\s，。、的]|北京市", "", text)
