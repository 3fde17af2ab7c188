"""Is someone in danger right now: fire, gas, violence, injury, collapse …?

The assistant interrupts everything else for these, so a doubtful danger counts; fears
(怕着火), rules (着火了怎么办), the past (上个月着过火) and look-alikes (消防通道) do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.language.emergency_signs import (
    ASKING,
    DANGERS,
    DENIED,
    EVER,
    GOING_ON,
    MINUTE,
    NOW,
    PAST,
    POISONED,
    RULES,
    STORY,
    TODAY,
    UNREAL,
    Danger,
)
from bot.language.sentences import is_letter

# A space ends a Chinese clause, between English words it does not.
_CLAUSE = re.compile(r"(?:[^，,。.！!？?；;\n\s]|(?<=[A-Za-z]) (?=[A-Za-z0-9]))+[，,。.！!？?；;]?")
# A place or a person of the caller's own makes even 着火了怎么办 a cry for help.
_OWN = re.compile(
    r"闻到|有股|我[妈爸家]|我(?:老公|老婆|孩子|们?小区|们?楼)|家里|楼[上下里道]|隔壁|对门|对面|邻居|这[里边儿]|那边|小区|单元|[0-9]号|门口|屋里|厨房|车里|路口|路上"
    r"|有人|有个|老人|孩子|大爷|大妈|面前|跟前"
)
_RESCUE_CALL = re.compile(r"救命|快来人|快救|出人命|要死人")
_LONG_AGO = re.compile(r"去年|前年|以前|从前|上个?月|那年|小时候")
_STREET_FIRE = re.compile(r"烧烤|烤串|摊|饭[馆店]|餐馆|公园|天天|老是")


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    start: int
    before: str
    """The clause before: 上个月，楼下着火了."""


def detect_emergency(text: str) -> str | None:
    """The kind of a danger going on now, None without one.

    Kinds, the most pressing first: self_harm, fire, gas, police, electric, collapse, rescue
    (someone trapped, fallen in or drowning), medical, traffic. Takes normalised text and
    works on raw text too.
    """
    clauses = list(_cut(text))
    for danger in DANGERS:
        if any(_is_present(danger, clause, text) for clause in clauses):
            return danger.kind
    told_now = not is_letter(text) and not (
        _LONG_AGO.search(text) or _STREET_FIRE.search(text) or RULES.search(text)
    )
    return "gas" if told_now and POISONED.search(text) else None


_OTHERS_LIFE = re.compile(
    r"(?:有人|有个|一个|男的|女的|小伙|姑娘|男孩|女孩|老人|大爷|大妈|孩子|学生|邻居|对面|他|她|人家)[^。]{0,16}(?:跳|轻生|自杀|寻短见|想不开|割腕)"
    r"|跳楼了|跳(?:了|下[来去])|(?:有人|有个|一个)[^，。]{0,12}(?:楼顶|天台|楼沿|桥|栏杆|护栏|窗台|女儿墙)|(?:鞋|衣服|包|手机)[^。]{0,8}人(?:不见|没)了"
)
_OWN_LIFE = re.compile(r"我(?:也|都|就|真|们)?(?:想|要|不想|不活|活|跳|死|走)|(?:我|我要)从")


def is_about_another(text: str) -> bool:
    """Whether it is somebody else who wants to die, or has jumped: who tells it stands by."""
    return _OTHERS_LIFE.search(text) is not None and _OWN_LIFE.search(text) is None


def danger_to_teller(kind: str | None, text: str) -> str | None:
    """The danger as it is for him who tells it: who sees somebody on a roof is no one to be
    comforted, he is to call for help.
    """
    return "rescue" if kind == "self_harm" and is_about_another(text) else kind


Tense = Literal["now", "unsaid", "past"]


def tense_of(sentence: str, before: str = "") -> Tense:
    """When a sentence of a letter happens: this very minute by its words or, failing words of its
    own, by those of the sentence `before` it; in the past or in somebody's fears; or unsaid.
    """
    if MINUTE.search(sentence):
        return "now"
    if UNREAL.search(sentence) or PAST.search(sentence):
        return "past"
    return "now" if TODAY.search(sentence) or MINUTE.search(before) else "unsaid"


def _cut(text: str) -> Iterator[_Clause]:
    before = ""
    for match in _CLAUSE.finditer(text):
        yield _Clause(match.group(), match.start(), before)
        before = match.group()


def _is_present(danger: Danger, clause: _Clause, text: str) -> bool:
    signs = list(danger.signs.finditer(clause.text))
    if not signs or danger.harmless.search(clause.text):
        return False
    if danger.faint and danger.harmless.search(clause.before):
        return False
    if is_letter(text) and NOW.search(clause.before + clause.text) is None:
        return False
    return any(_is_real(sign, clause, text) for sign in signs)


def _is_real(sign: re.Match[str], clause: _Clause, text: str) -> bool:
    """Whether the words around a sign leave the danger real, present and here."""
    head, tail = clause.text[: sign.start()], clause.text[sign.end() :]
    if DENIED.search(head) or EVER.match(tail):
        return False
    calls = _RESCUE_CALL.search(text) is not None
    if STORY.search(clause.before):
        return calls
    if UNREAL.search(head) or UNREAL.search(sign.group() + tail[:8]):
        return calls
    going_on = GOING_ON.search(clause.text) is not None or calls
    if PAST.search(clause.text) or (PAST.search(clause.before) and not going_on):
        return bool(re.search(r"(?<!到)现在|还在|一直|到今天|开始|又", clause.text)) or calls
    if RULES.search(text, clause.start):
        return calls or re.search(r"正在|快来|现在", clause.text) is not None
    if ASKING.search(clause.text):
        return calls or going_on or _OWN.search(text) is not None
    return True
