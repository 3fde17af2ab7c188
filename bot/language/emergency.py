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
    ALL_CLEAR,
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
    STILL,
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


def is_all_clear(text: str) -> bool:
    """Whether the resident says that the danger is over: 虚惊一场, 火已经灭了."""
    if _ASKED.search(text) or _SOMEBODY_LEFT.search(text):
        return False
    return ALL_CLEAR.search(text) is not None and STILL.search(text) is None


_SOMEBODY_LEFT = re.compile(
    r"没(?:出|下|上)来|没动静|不是(?:个|一场)?误会|另一|[还就]?剩|一半|一点|(?:我|老|他|她|人|孩子)[^，。]{0,3}在(?:里|上|屋)|不行了?|不喘|昏|晕|没呼吸|味儿?(?:还|很|太|特别)?大"
)
_ASKED = re.compile(r"[？?]|(?:吗|么|没有?)[。！!]*$")
_DENIAL = re.compile(
    r"(?:没有?|不是|并非|没在)(?:真的?|什么|人|现在|在|说)?(?:现在)?(?:着火|起火|火情|火灾|火(?![车锅])|漏气|煤气味|危险|打人|打架|被困|漏电|触电|塌)(?:了|啊|呀)?"
    r"|误报|虚惊一?场?|就是?一说|打个?比方|气话|(?<!没)夸张|不是(?:紧急|急事)|不紧急"
    r"|不用(?:叫|打|找)?(?:119|120|110|救护车|消防|急救)|(?<!人)我没事(?![^。]{0,12}(?:他|她|[爸妈伴婆公]|邻居|孩子|老|楼上|的人))|没事了"
)
_MISTAKE = re.compile(r"(?:弄|搞|听|理解|看)[错岔]了|误会")
_OF_A_PLACE = re.compile(r"[路街楼门院层区]|号|单元|地址|在|你|您|别|不是误会")
"""他弄错了地址: no word of the danger."""
_AND_YET = re.compile(
    "断了|疼|里[面头]|还有人|是真|真[着的快是]|还(?:着|没|躺|烧)|没(?:下来|上来|动静|反应|夸张|误会)|不行|另一|剩|但|可是|还在|不过|又|流血|昏|叫不应|没出来|真的?[着起]火|是(?:煤气|燃气)"
)
_LONGEST_DENIAL = 40


def denies_danger(text: str) -> bool:
    """Whether he says plainly that there is no danger: 没着火，弄错了; 是打桩不是打人."""
    rest = _DENIAL.sub("，", text)
    if rest == text and not _OF_A_PLACE.search(text):
        rest = _MISTAKE.sub("，", text)
    denied = rest != text and len(text) <= _LONGEST_DENIAL and not _ASKED.search(text)
    return denied and _AND_YET.search(text) is None and detect_emergency(rest) is None


_OTHERS_LIFE = re.compile(
    r"(?:有人|有个|一个|男的|女的|小伙|姑娘|男孩|女孩|老人|大爷|大妈|孩子|学生|邻居|对面|他|她|人家)[^。]{0,16}(?:跳|轻生|自杀|寻短见|想不开|割腕)"
    r"|跳楼了|跳(?:了|下[来去])"
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
