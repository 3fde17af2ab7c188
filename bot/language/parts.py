"""Several things in one message: two problems, or a question beside a report.

Cut only where the resident himself marks that another matter begins (另外、还有个事、再一个), or
where a question stands beside a report; one problem told in five sentences stays one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from bot.language.models import CategoryGuess, Intent, Part
from bot.language.sentences import Sentence, cut_sentences

MOST_PARTS = 3
_THING = r"(?:个|件|点|样|桩|条|项)?(?:事儿?|问题|情况)?"
_NEXT_MATTER = re.compile(
    r"(?:^|(?<=[，,。；;！!？?、\s]))(?:"
    r"另外|此外|除此之外|除了这个"
    r"|还有(?:一?(?:个|件|点|样|桩|回)(?:事儿?|问题)?|就是|啊|呢|(?=[，,、]))"
    rf"|再(?:有)?一{_THING}(?:就是|是)?|再(?:有|就是)"
    r"|顺便|顺带|顺道|同时还"
    rf"|第[二2三3]{_THING}(?:就是|是|呢)?|其[二三次](?:是)?|[二三](?:是|、|，)|[23][、.．)）]"
    rf"|另一{_THING}(?:就是|是)?|对了(?=[，,])"
    r")[，,、：:]?"
)
_PERHAPS_NEXT = re.compile(r"(?<=[，,。；;！!？?、\s])(?:还有|以及|同时|而且|并且|外加|加上)")
"""Goes on with the same matter as often as it begins another: the pieces must be plainly two."""
_FIRST_MATTER = re.compile(
    rf"^(?:[^，,。！？：:；;]{{0,8}}[两俩二2三3]{_THING}[^，,。！？：:；;]{{0,6}}[，,。：:；;]\s*)?"
    rf"(?:(?:第一|一){_THING}(?:就是|是|呢)[，,、：:]?|第一[，,、：:]|一、|1[、.．)）])?"
)
_QUESTION_END = re.compile(r"[？?]$|(?:吗|呢|么)[。！!]?$")
_EDGES = "，,；;、 \n"
_SHORTEST = 4
_SHORT_MESSAGE = 120
_TAIL = 8
"""Characters of what only goes on asking: 你们晚上有人吗？节假日呢？"""
_SURE_INTENT = 0.5
_LIKELY, _POSSIBLE = 0.1, 0.01
_SURE_CATEGORY, _PLAIN_CATEGORY = 0.15, 0.6
_ASKS, _REPORTS = "ask_policy", "report_case"
_TOLD = frozenset({_REPORTS, "make_suggestion", "give_praise", "check_case", _ASKS})

PieceReading = tuple[Intent, Sequence[CategoryGuess]]
"""The intent and the likely categories of a piece of text."""
Read = Callable[[Sequence[str]], list[PieceReading]]
"""Reads pieces of text, all at once."""


def find_parts(text: str, ranking: Sequence[Intent], read: Read) -> tuple[Part, ...]:
    """The matters of a message in order; empty when it is about one thing only.

    `text` is normalised, and the offsets are its own; `ranking` is the classifier's for the whole
    of it. `read` is called only for messages that may hold several.
    """
    pieces = _cut_at_markers(text)
    if len(pieces) > 1:
        return _keep_different(_read_parts(pieces, read))
    odds = {intent.name: intent.confidence for intent in ranking}
    asked, reported = odds.get(_ASKS, 0.0), odds.get(_REPORTS, 0.0)
    if reported >= _LIKELY:
        plain = _keep_plainly_two(_read_parts(_cut_perhaps(text), read))
        if plain:
            return plain
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
    cuts = [m.start() for m in _NEXT_MATTER.finditer(text) if m.start() >= start + _SHORTEST]
    bounds = [start, *cuts[: MOST_PARTS - 1], len(text)]
    pieces = []
    for begin, end in itertools.pairwise(bounds):
        piece = text[begin:end]
        marker = _NEXT_MATTER.match(piece)
        bare = piece[marker.end() :] if marker else piece
        first = end - len(bare.lstrip(_EDGES))
        last = begin + len(piece.rstrip(_EDGES))
        if last - first >= _SHORTEST:
            pieces.append(Sentence(text[first:last], first, last))
    return pieces


def _cut_perhaps(text: str) -> list[Sentence]:
    """Two pieces of a short message around its only uncertain mark, else none."""
    marks = list(_PERHAPS_NEXT.finditer(text)) if len(text) <= _SHORT_MESSAGE else []
    if len(marks) != 1:
        return []
    before, after = text[: marks[0].start()].rstrip(_EDGES), text[marks[0].end() :]
    first = len(text) - len(after.lstrip(_EDGES))
    last = len(text.rstrip(_EDGES + "。！!"))
    if len(before) < 2 * _SHORTEST or last - first < 2 * _SHORTEST:
        return []
    return [Sentence(before, 0, len(before)), Sentence(text[first:last], first, last)]


def _keep_plainly_two(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Two reports of which neither could be meant by the other's words, else none."""
    if len(parts) != 2 or any(part.intent != _REPORTS for part in parts):
        return ()
    for one, other in itertools.permutations(parts):
        if one.categories[0].confidence < _PLAIN_CATEGORY:
            return ()
        if one.categories[0].code in {guess.code for guess in other.categories[:3]}:
            return ()
    return tuple(parts)


def _read_parts(pieces: Sequence[Sentence], read: Read) -> list[Part]:
    readings = read([piece.text for piece in pieces]) if pieces else []
    return [_make_part(*each) for each in zip(pieces, readings, strict=True)]


def _make_part(piece: Sentence, reading: PieceReading) -> Part:
    intent, categories = reading
    name, sure = intent.name, categories[0].confidence if categories else 0.0
    if name not in _TOLD and sure >= _PLAIN_CATEGORY:
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
