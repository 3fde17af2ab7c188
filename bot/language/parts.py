"""Several things in one message: two problems, or a question beside a report.

Cut where the resident himself marks that another matter begins (另外、还有个事、再一个), where a
question stands beside a report, and where two clauses plainly tell of two categories. Of the last
kind the second is not sure unless he says that they are two: one problem told in five sentences
stays one, and he is asked.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from functools import partial

from bot.language.models import CategoryGuess, Intent, Part
from bot.language.sentences import Sentence, cut_sentences, is_letter

MOST_PARTS = 5
_KIND = r"(?:件|点|样|桩|条|项)(?:事儿?|问题|情况)?|个(?:事儿?|问题|情况)"
_THING = rf"(?:{_KIND}|个)"
_BEFORE_MORE = r"(?=[，,、：:是呢])"
_NEXT_MATTER = re.compile(
    r"(?:^|(?<=[，,。；;！!？?、\s]))(?:"
    r"另外|此外|除此之外|除了这个"
    r"|还有(?:一?(?:个|件|点|样|桩)(?:事儿?|问题)?|就是|啊|呢|(?=[，,、]))"
    rf"|再(?:有)?一(?:{_KIND}|个?{_BEFORE_MORE})(?:就是|是)?|再(?:有|就是)(?!一)"
    r"|顺便|顺带|顺道|同时还"
    rf"|第[二2三3四4五5](?:{_KIND}|个?{_BEFORE_MORE})(?:就是|是|呢)?|其[二三四次](?:是)?"
    r"|(?<=\s)[二三四五]\s+"
    rf"|[二三四五](?:是|、|，)|[2-5][、.．)）](?![0-9])"
    rf"|另一{_THING}(?:就是|是)?|对了(?=[，,])"
    r")[，,、：:]?"
    # what is spoken has no marks
    r"|(?<=[^，,。；;！!？?、\s])(?:另外还有|然后还有(?:那个|一个)?|(?:还有|再有)(?:一个)?就是|再一个(?:就是|呢)"
    r"|还有(?:一个|一件)事儿?(?:就是|是)?|第二(?:个|件)(?:事儿?)?(?:就是|是|呢))"
)
_CLAUSE_END = re.compile(r"[，,。；;！!？?\n]+|\s+(?=[\u4e00-\u9fff])")
_ADDS = re.compile(
    r"[^，。；]{0,12}?(?:还|又|也|另|而且|再|同时|加上|以及|旁边|边上|隔壁|对面|跟前|门口|楼下|底下"
    r"|[后前里外上]头|往[东西南北])"
)
"""How a clause begins that may tell of something else as well."""
_FOLLOWS = re.compile(
    r"所以|害得|弄得|结果|搞得|导致|影响|[吓熏呛]得|保安|物业(?:也|说|不)|我(?!们楼)|他|问|说|谁|怎么|早晚|万一"
    r"|小孩|老人|孩子|行人|路人|学生|晚上|一到"
)
"""How one begins that tells what came of it."""
_HANDLE = r"(?:管|修|查|办|记|报|处理|弄|清|治)"
_BOTH = re.compile(
    r"[两俩二2](?:样|件|头|个?问题|个?事|桩|处)"
    rf"|一(?:块儿?|起)(?=[^，。]{{0,4}}{_HANDLE})|一并|都(?:得|要|给)?{_HANDLE}"
    r"|[灯路井树车].{0,2}[和跟].{1,3}都"
)
"""He says himself that they are two."""
_JOINS = re.compile(r"还有(?!人)|以及|同时|而且|并且|外加|加上")
_FIRST_MATTER = re.compile(
    rf"^(?:[^，,。！？：:；;]{{0,8}}[两俩二2三3]{_THING}?(?:事儿?)?[^，,。！？：:；;]{{0,6}}[，,。：:；;]\s*|[^，,。！？：:；;]{{0,6}}[两俩三]件事儿?\s+)?"
    rf"(?:(?:第一|一){_THING}?(?:就是|是|呢)[，,、：:]?|第一[，,、：:]|一、|一\s+|1[、.．)）])?"
)
_DEMANDS = re.compile(
    r"(?:要求|诉求|请求|希望|恳请|盼)[^。；;]{0,8}?[：:，,]?\s*(?:第一|一是|一、|1[、.．)）]|①)"
)
"""我要求：第一，…；第二，…: what is to be done is no matter of its own."""
_QUESTION_END = re.compile(r"[？?]$|(?:吗|呢|么)[。！!]?$")
_QUESTION = re.compile(
    r"[？?]|(?:吗|呢|么)[。！!]?$|怎么|多少|几[点天个]|谁|哪|什么|啥|能不能|可不可以|合不合|是不是"
)
_CERTAIN_CATEGORY = 0.85
_TELLS = re.compile(
    r"有人|不亮|坏了|满了|贴满|堵|臭|脏|乱|吵|漏|冒|塌|掉了|占|天天|老有|老是|一直|好几|没人|半夜"
)
_LEADS_TO_QUESTION = re.compile(
    r"问|打听|扫听|请教|想(?!办法)|怕|要是|如果|归|我(?:养|开|在|把|租|摆|种)"
)
"""What only tells why he asks."""
_LEANS = re.compile(r"(?:这|那|它|是|归|该|算|要|能|可以|应该|到底|谁)")
"""A question that leans on what was told before it: 是罚骑车的人还是罚企业."""
_PLACED = re.compile(r"[0-9]+号|号楼|[0-9]单元")
"""Who tells the very house wants more than to know."""
_OF_US = re.compile(
    r"你们?(?:这儿?|那儿?|单位)?(?:几点|什么时候|周末|节假日|晚上)[^，。]{0,4}(?:[上下]班|关门|开门|有人)"
)
"""A question on the service's own hours."""
_EDGES = "，,；;、 \n"
_SHORTEST, _LEAST = 4, 5
_MOST_CUTS = 6
_TAIL = 8
"""Characters of what only goes on asking: 你们晚上有人吗？节假日呢？"""
_SURE_INTENT = 0.5
_LIKELY, _POSSIBLE = 0.1, 0.01
_SURE_CATEGORY, _PLAIN_CATEGORY = 0.15, 0.6
_SAID_CATEGORY, _SHARED_CATEGORY = 0.3, 0.05
_ASKS, _REPORTS = "ask_policy", "report_case"
_ANYTHING = "99999"
"""The category of what none fits."""
_TOLD = frozenset({_REPORTS, "make_suggestion", "give_praise", "check_case", _ASKS})

PieceReading = tuple[Intent, Sequence[CategoryGuess]]
"""The intent and the likely categories of a piece of text."""
Read = Callable[[Sequence[str]], list[PieceReading]]
"""Reads pieces of text, all at once."""


def find_parts(
    text: str, ranking: Sequence[Intent], guesses: Sequence[CategoryGuess], read: Read
) -> tuple[Part, ...]:
    """The matters of a message in order; empty when it is about one thing only.

    `text` is normalised, and the offsets are its own; `ranking` and `guesses` are the classifiers'
    for the whole of it. `read` is called only for messages that may hold several.
    """
    pieces = _cut_at_markers(text)
    if len(pieces) > 1:
        return _keep_different(_read_parts(pieces, read))
    odds = {intent.name: intent.confidence for intent in ranking}
    asked, reported = odds.get(_ASKS, 0.0), odds.get(_REPORTS, 0.0)
    if reported >= _LIKELY and not is_letter(text):
        both = _find_second(text, {guess.code for guess in guesses}, read)
        if both:
            return both
    if asked >= _SURE_INTENT and not is_letter(text) and (both := _find_beside(text, read)):
        return both
    # where the whole is surely a report, its question is anger: 扫地的呢？督导员呢？
    if min(asked, reported) < _POSSIBLE or asked + reported < _SURE_INTENT:
        return ()
    sentences = cut_sentences(text, _SHORTEST)
    if not 2 <= len(sentences) <= 6 or not any(_QUESTION_END.search(s.text) for s in sentences):
        return ()
    parts = _join_like(_read_parts(sentences, read))
    kinds = [part.intent for part in parts]
    return tuple(parts) if sorted(kinds) == [_ASKS, _REPORTS] else ()


def _cut_at_markers(text: str) -> list[Sentence]:
    lead = _FIRST_MATTER.match(text)
    start = lead.end() if lead else 0
    demands = _DEMANDS.search(text)
    limit = demands.start() if demands else len(text)
    starts = (mark.start() for mark in _NEXT_MATTER.finditer(text))
    cuts = [at for at in starts if start + _SHORTEST <= at < limit]
    bounds = [start, *cuts[: MOST_PARTS - 1], len(text)]
    pieces = []
    for begin, end in itertools.pairwise(bounds):
        piece = text[begin:end]
        marker = _NEXT_MATTER.match(text, begin)
        bare = text[marker.end() if marker else begin : end]
        first = end - len(bare.lstrip(_EDGES))
        last = begin + len(piece.rstrip(_EDGES))
        if last - first >= _SHORTEST:
            pieces.append(Sentence(text[first:last], first, last))
    return pieces


def _find_second(text: str, likely: Set[str], read: Read) -> tuple[Part, ...]:
    """Two reports out of one message, none when it tells of one. `likely` are the categories that
    the whole of it may mean: what only a piece of it sounds like is no matter of its own.
    """
    told_two = _BOTH.search(text) is not None
    least = _SAID_CATEGORY if told_two else _PLAIN_CATEGORY
    read_plain = partial(_read_plain, likely=likely - {_ANYTHING}, least=least, read=read)
    cuts = [cut.span() for cut in _CLAUSE_END.finditer(text) if told_two or _may_add(text, cut)]
    pairs = [pair for cut in cuts if (pair := _cut_in_two(text, *cut))][:_MOST_CUTS]
    # few ends are plain, and only their beginnings are worth reading
    ends = read_plain([end for _, end in pairs])
    kept = [(start, end) for (start, _), end in zip(pairs, ends, strict=True) if end]
    starts = read_plain([start for start, _ in kept])
    found = [
        (start, end)
        for start, (_, end) in zip(starts, kept, strict=True)
        if start and _tell_apart(start, end)
    ]
    if not found:
        return ()
    told, beside = max(found, key=lambda pair: min(map(_sureness, pair)))
    joined = _JOINS.search(text, told.end, beside.start) is not None
    return told, replace(beside, sure=told_two or joined)


def _find_beside(text: str, read: Read) -> tuple[Part, ...]:
    """A report beside a question on something else: 小广告贴满了单元门，违建怎么认定的. What is asked of
    the trouble itself (这合法吗, 归谁管) makes no report of it.
    """
    marks = [mark.span() for mark in _CLAUSE_END.finditer(text)]
    pairs = [pair for mark in marks if (pair := _cut_in_two(text, *mark))]
    pairs = [pair for pair in pairs if _asks(pair[0]) != _asks(pair[1])][:_MOST_CUTS]
    parts = _read_parts([piece for pair in pairs for piece in pair], read)
    for one, other in zip(parts[::2], parts[1::2], strict=True):
        if {one.intent, other.intent} == {_ASKS, _REPORTS} and _are_two(one, other):
            return one, other
    return ()


def _asks(piece: Sentence) -> bool:
    return _QUESTION.search(piece.text) is not None


def _are_two(one: Part, other: Part) -> bool:
    told, asked = (one, other) if one.intent == _REPORTS else (other, one)
    if _sureness(told) < _CERTAIN_CATEGORY or told.categories[0].code == _ANYTHING:
        return False
    if not _TELLS.search(told.text) or _LEADS_TO_QUESTION.search(told.text):
        return False
    if _OF_US.search(asked.text) or _PLACED.search(told.text):
        return True
    if _LEANS.match(asked.text):
        return False
    plain = _sureness(asked) >= _PLAIN_CATEGORY and asked.categories[0].code != _ANYTHING
    return plain and _tell_apart(told, asked)


def _may_add(text: str, cut: re.Match[str]) -> bool:
    return bool(_ADDS.match(text, cut.end())) and not _FOLLOWS.match(text, cut.end())


def _cut_in_two(text: str, end: int, start: int) -> tuple[Sentence, Sentence] | None:
    """What stands before and behind a mark, none where one of them says too little."""
    joined = _JOINS.match(text, start)
    first = joined.end() if joined else start
    last = len(text.rstrip(_EDGES + "。！!"))
    if end < _LEAST or last - first < _LEAST:
        return None
    return Sentence(text[:end], 0, end), Sentence(text[first:last], first, last)


def _read_plain(
    pieces: Sequence[Sentence], likely: Set[str], least: float, read: Read
) -> list[Part | None]:
    """The reports of a likely category that is at least so sure; none for any other piece."""
    parts = [_make_part(*each, promote=False) for each in _read_each(pieces, read)]
    return [
        part
        if part.intent == _REPORTS
        and part.categories[0].code in likely
        and _sureness(part) >= least
        else None
        for part in parts
    ]


def _sureness(part: Part) -> float:
    return part.categories[0].confidence


def _tell_apart(one: Part, other: Part) -> bool:
    """That neither of two reports could be meant by the other's words."""
    first, second = one.categories[0].code, other.categories[0].code
    return (
        first != second
        and _share(one, second) <= _SHARED_CATEGORY
        and _share(other, first) <= _SHARED_CATEGORY
    )


def _share(part: Part, code: str) -> float:
    return next((each.confidence for each in part.categories if each.code == code), 0.0)


def _read_parts(pieces: Sequence[Sentence], read: Read) -> list[Part]:
    return [_make_part(*each) for each in _read_each(pieces, read)]


def _read_each(pieces: Sequence[Sentence], read: Read) -> list[tuple[Sentence, PieceReading]]:
    readings = read([piece.text for piece in pieces]) if pieces else []
    return list(zip(pieces, readings, strict=True))


def _make_part(piece: Sentence, reading: PieceReading, promote: bool = True) -> Part:
    """`promote`: what names a trouble plainly is a report, however it sounds by itself."""
    intent, categories = reading
    name, sure = intent.name, categories[0].confidence if categories else 0.0
    if promote and name not in _TOLD and sure >= _PLAIN_CATEGORY:
        name = _REPORTS  # 楼下狗老叫 alone may sound like an answer
    elif (
        intent.confidence < _SURE_INTENT
        or (name == _REPORTS and sure < _SURE_CATEGORY)
        or (name == _REPORTS and len(piece.text) <= _TAIL and _QUESTION_END.search(piece.text))
    ):
        name = ""
    return Part(piece.text, piece.start, piece.end, name, tuple(categories))


def _keep_different(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts when each stands for something of its own, else none."""
    if len(parts) > 2 and parts[-1].intent not in _TOLD:
        # 另外请替我保密: it belongs to what was told before
        *others, told, rest = parts
        parts = [*others, replace(told, text=f"{told.text}，{rest.text}", end=rest.end)]
    if any(part.intent not in _TOLD for part in parts):
        return ()
    said = [part.categories[0].code if part.intent == _REPORTS else part.intent for part in parts]
    if len(set(said)) < len(said) or _REPORTS not in {part.intent for part in parts}:
        return ()
    return tuple(parts)


def _join_like(parts: Sequence[Part]) -> list[Part]:
    """Neighbours of one intent as one part; what is unsure goes with the part before it."""
    joined: list[Part] = []
    for part in parts:
        if joined and (part.intent in (joined[-1].intent, "") or joined[-1].intent == ""):
            last = joined[-1]
            better = part if last.intent == "" else last
            joined[-1] = Part(
                f"{last.text}{part.text}", last.start, part.end, better.intent, better.categories
            )
        else:
            joined.append(part)
    return joined
