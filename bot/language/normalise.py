"""One form for what residents type or say, with the way back to their own characters.

Everything after this module (classifier, readers of entities, search) sees the normalised
text; whatever is stored or shown quotes the original. Offsets count code points.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import opencc

from bot.language.models import Channel
from bot.language.pinyin import spell_out
from bot.language.slips import find_slips

_CHINESE_PUNCTUATION = {"!": "！", "?": "？", ",": "，", ";": "；", ":": "：", "(": "（", ")": "）"}
_KEPT_WIDE = frozenset(_CHINESE_PUNCTUATION.values()) | {"…"}
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_NUMERALS = "零〇○一二两三四五六七八九十百千万幺"

# A run of three is emphasis (啊啊啊); two may be a word (谢谢). Numerals, digits and letters
# are spared: 零零零 and 000 are parts of numbers.
_REPEATED_WORD = re.compile(rf"([\u3400-\u9fff])(?<![{_NUMERALS}])\1{{2,}}")
_REPEATED_SIGN = re.compile(r"([^\w\s/*×])\1+")
_SPACES = re.compile(r"\s{2,}|[\t\r\f\v\n]")
# 你 好 我 要 投 诉: spaces put between all characters carry nothing.
_SPACED_OUT = re.compile(r"(?<!\S)[\u3400-\u9fff](?: [\u3400-\u9fff])+(?!\S)")
_SPACED_OUT_LEAST = 4

_PAUSE = r"(?=[，。！？、；\s]|$)"
_CLAUSE_START = r"(?:^|(?<=[，。！？、；\s]))"
_FILLERS = re.compile(
    rf"{_CLAUSE_START}[嗯呃额唔啊哎诶欸噢喔]+[，、\s]+"
    r"|[嗯呃]+[，、]?"
    r"|(?:那个|这个|就是|然后){2,}[，、]?"
    rf"|{_CLAUSE_START}(?:那个|这个|就是说|就是|怎么说呢|怎么说|那什么)[，、\s]+"
    rf"|那个那个|就是说[，、]?|怎么说呢[，、]?|{_CLAUSE_START}那个(?=[我你他她它咱])"
    r"|(?<=[，、\s])(?:那个|这个|就是|那什么|你知道吧?)[，、]"
    rf"|(?<=[的得了])[啊呃]{_PAUSE}"
)
# Words found in one round may make others findable; two rounds nearly always settle a text.
_MOST_ROUNDS = 6
_STUTTER = re.compile(r"([我你他她它咱就在要])(?=\1)")


@dataclass(frozen=True, slots=True)
class Normalised:
    """Normalised text; character i of it comes from original[starts[i]:ends[i]]."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Map the slice start:end of `text` to the slice of the original it came from.

        Raises ValueError when start:end is no slice of `text`.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"no slice of the normalised text: {start}:{end}")
        if start == end:
            at = self.starts[start] if start < len(self.starts) else self._last_end()
            return at, at
        return self.starts[start], self.ends[end - 1]

    def _last_end(self) -> int:
        return self.ends[-1] if self.ends else 0


class _Draft:
    """Characters on their way to the normalised text, each with its place in the original."""

    def __init__(self, text: str) -> None:
        self.chars: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        for at, char in enumerate(text):
            for plain in _plain_forms(char):
                self.chars.append(plain)
                self.starts.append(at)
                self.ends.append(at + 1)

    @property
    def text(self) -> str:
        return "".join(self.chars)

    def rewrite(self, text: str) -> None:
        """Put `text`, of the same length, in place of the characters."""
        self.chars = list(text)

    def fold(self, spans: Iterable[tuple[int, int, str]]) -> None:
        """Replace each (start, end, one character or none), from the left and without overlaps.

        A character kept stands for all that it replaces.
        """
        chars: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for start, end, kept in spans:
            chars += self.chars[at:start]
            starts += self.starts[at:start]
            ends += self.ends[at:start]
            chars += kept
            starts += [self.starts[start]] * len(kept)
            ends += [self.ends[end - 1]] * len(kept)
            at = end
        if at:
            self.chars = chars + self.chars[at:]
            self.starts = starts + self.starts[at:]
            self.ends = ends + self.ends[at:]

    def finish(self) -> Normalised:
        return Normalised(self.text, tuple(self.starts), tuple(self.ends))


def normalise(text: str, channel: Channel = "webchat") -> Normalised:
    """Bring `text` to one form: widths, simplified characters, spaces, repeats, fillers, slips.

    Pinyin becomes Chinese characters, each standing for its syllable. Sentence punctuation
    takes its Chinese form, everything else its narrow one. Fillers and stutters are dropped for
    the voice channel only. Spoken digits stay words: the readers of numbers know which words
    are digits. Normalising the result again changes nothing. Never raises, lone surrogates
    included.
    """
    draft = _Draft(text)
    before = ""
    for _ in range(_MOST_ROUNDS):
        _normalise_once(draft, channel)
        after = draft.text
        if after in (before, text):
            break
        before = after
    return draft.finish()


def _normalise_once(draft: _Draft, channel: Channel) -> None:
    draft.fold(spell_out(draft.text))
    draft.rewrite(_choose_punctuation(simplify(draft.text)))
    _fold_spaces(draft)
    _fold_repeats(draft)
    if channel == "voice":
        _drop_fillers(draft)
    _mend_slips(draft, channel)


def _mend_slips(draft: _Draft, channel: Channel) -> None:
    text = draft.text
    for start, end, meant in find_slips(text, channel):
        draft.chars[start:end] = meant


@lru_cache(maxsize=4096)
def _plain_forms(char: str) -> str:
    """The characters that stand for one original character: none when it is invisible."""
    if "\u4e00" <= char <= "\u9fff" or char in _KEPT_WIDE or ("!" <= char <= "~"):
        return char
    if char.isspace():
        return "\n" if char in "\n\u2028\u2029\x85" else " "
    if "\ufe00" <= char <= "\ufe0f" or unicodedata.category(char) in _INVISIBLE:
        return ""
    plain = unicodedata.normalize("NFKC", char)
    return "".join(part for part in plain if not part.isspace()) or " "


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


# 著火, 等著: what is simplified knows the sign only in 著名 and the like
_WRITTEN = re.compile("(?<![名原专译论编合土显昭卓撰遗拙])著(?![名作述称书录者])")


def simplify(text: str) -> str:
    """Traditional to simplified, character for character so that offsets hold."""
    if text.isascii():
        return text
    converted: str = _converter().convert(text)
    if len(converted) != len(text):
        converted = "".join(_simplify_char(char) for char in text)
    return _WRITTEN.sub("着", converted)


@lru_cache(maxsize=8192)
def _simplify_char(char: str) -> str:
    converted: str = _converter().convert(char)
    return converted if len(converted) == 1 else char


def _choose_punctuation(text: str) -> str:
    """Chinese forms for sentence signs, except inside numbers, times and addresses of pages."""
    chars = list(text)
    for at, char in enumerate(text):
        wide = _CHINESE_PUNCTUATION.get(char)
        if wide is not None:
            if not _is_inside_latin(text, at):
                chars[at] = wide
        elif char == "：" and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit():
            chars[at] = ":"
    return "".join(chars)


def _is_inside_latin(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    return bool(before and after and before.isascii() and after.isascii()) and not (
        before.isspace() or after.isspace()
    )


def _fold_spaces(draft: _Draft) -> None:
    text = draft.text
    draft.fold(
        (m.start(), m.end(), "\n" if "\n" in m.group() else " ") for m in _SPACES.finditer(text)
    )
    text = draft.text
    ends = [
        (start, end, "")
        for start, end in (
            (0, len(text) - len(text.lstrip())),
            (max(len(text.rstrip()), len(text) - len(text.lstrip())), len(text)),
        )
        if start < end
    ]
    draft.fold(ends)
    draft.fold(
        (at, at + 1, "")
        for m in _SPACED_OUT.finditer(draft.text)
        if (m.end() - m.start() + 1) // 2 >= _SPACED_OUT_LEAST
        for at in range(m.start() + 1, m.end(), 2)
    )


def _fold_repeats(draft: _Draft) -> None:
    text = draft.text
    repeats = [
        (m.start(), m.end(), m.group(1))
        for pattern in (_REPEATED_WORD, _REPEATED_SIGN)
        for m in pattern.finditer(text)
    ]
    draft.fold(sorted(repeats))


def _drop_fillers(draft: _Draft) -> None:
    """Drop 嗯, 那个, 就是说; but a message of nothing else is an answer and stays."""
    for pattern in (_FILLERS, _STUTTER):
        text = draft.text
        found = [(m.start(), m.end(), "") for m in pattern.finditer(text) if m.group()]
        kept = len(text) - sum(end - start for start, end, _ in found)
        if kept and any(char.isalnum() for char in pattern.sub("", text)):
            draft.fold(found)
