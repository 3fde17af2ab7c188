"""Chinese typed as toneless pinyin (lou xia shaokao tai chao le), put into characters.

English, brands, plates and addresses stay as they are: a stretch is pinyin only when its words
split into legal syllables and it does not look English as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from bot.language.word_costs import UNKNOWN, load_word_costs

Fold = tuple[int, int, str]
"""text[start:end] becomes the third: one character for a syllable, none for a space dropped."""

_LATIN_WORD = re.compile(r"[A-Za-zü]{2}")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_PIECE = re.compile(r"[\u3400-\u9fff]+|[^\s\u3400-\u9fff，。！？；、：（）…,!?;()\"“”]+")
# A page, an address, a product (e-bike, foo_bar, a.cn); a full stop ends a piece harmlessly.
_ADDRESS = re.compile(r"[\w][@/\\_:&=#%+~|$^*.\-]+[\w]|[@/\\_#]")
_LETTERS = re.compile(r"[A-Za-zü]+")
_OTHER_LETTER = re.compile(r"[^\W\d_A-Za-zü]")
_UNITS = frozenset({"min", "mi", "ke", "pa"})
_LONGEST_SYLLABLE = 6
_LONGEST_LATIN_WORD = 200
_LONGEST_WORD = 7  # syllables

# Everyday English and names known by it that happen to split into syllables; alone they prove
# nothing, so the rest of the run decides.
ALSO_ENGLISH = frozenset(
    "a an o e me he she you women men man can long fan pan tan ran ban bang gang hang sang song sun "
    "gun run nun bin tin pin den pen ten hen lie die tie pie ping pong king ding dong line mine nine "
    "fine nice dance lance change range orange name game tame fame made male sale pale tale sane lane "
    "mane cane huge cute dude rude tune june mute nude duke tuna woman human china taxi panda banana "
    "canada panama obama agenda media area malaria sushi lisa linda tina anna nana dana maria diana "
    "susan alan amanda nike didi guide shanghai beijing data gala gene fence hence pence penguin canal "
    "bandage manage damage language dengue lingo chance page cage rage wage dale pane dare mare rare "
    "chin shin fang hi la lu ceo bike hello".split()
)  # fmt: skip
# Words no sentence of pinyin holds: one of them weighs as much as six syllables.
_PLAINLY_ENGLISH = frozenset(
    "the is are was in on at to of and or for with my your his her our their there this that it "
    "please street road near from by not no do does what when where how why who i'm it's don't we "
    "have has had be been will would could should very too hi hello thanks thank".split()
)
_WEIGHT_PLAIN, _WEIGHT_FOREIGN = 6, 3
_LEAST_SYLLABLES, _LEAST_IN_CHINESE = 3, 2

_STATES = 6
_CHARS_EACH = 8
_VOWEL_INSIDE = 40  # xian is rarely 西安 without its apostrophe
_FUZZY = 60
_KNOWN_AT_MOST = 125  # a lone word between Chinese must be at least this usual
_FUZZY_STARTS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
_FUZZY_ENDS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


@dataclass(frozen=True, slots=True)
class _Latin:
    """A Latin word at text[start:end]; `legal` when it splits into syllables."""

    start: int
    end: int
    word: str
    legal: bool
    syllables: int = 0


class _Edge(NamedTuple):
    """A syllable from a node of the lattice to the next; text[...:end] is its spelling."""

    to: int
    end: int
    syllable: str
    extra: int


_Found = tuple[int, str, int, tuple[int, ...], tuple[int, ...]]
"""A word: the node it leads to, itself, its cost, and where its syllables start and end."""
_Path = _Found
"""The same for syllables that may be the beginning of a word."""


class _State:
    """The best way to a node whose last word is `word`."""

    __slots__ = ("before", "cost", "ends", "starts", "word")

    def __init__(
        self, cost: int, word: str, starts: tuple[int, ...] = (), ends: tuple[int, ...] = (),
        before: _State | None = None,
    ) -> None:  # fmt: skip
        self.cost = cost
        self.word = word
        self.starts = starts
        self.ends = ends
        self.before = before


def spell_out(text: str) -> list[Fold]:
    """What to fold so that the pinyin in `text` becomes Chinese; empty when there is none.

    Linear in the text; about 2 ms for a hundred syllables. The first call loads the words.
    """
    if _LATIN_WORD.search(text) is None:
        return []
    in_chinese = _CHINESE.search(text) is not None
    capitals = not in_chinese and not any(char.islower() for char in text)
    folds: list[Fold] = []
    for stretch in _cut_stretches(text, capitals):
        if _is_pinyin(stretch, in_chinese):
            for run in _cut_runs(text, stretch):
                folds += _spell_run(text, run)
    return folds


def _cut_stretches(text: str, capitals: bool) -> Iterator[list[_Latin]]:
    """The Latin words between Chinese characters, stretch by stretch."""
    stretch: list[_Latin] = []
    for piece in _PIECE.finditer(text):
        if _CHINESE.match(piece.group()):
            if stretch:
                yield stretch
            stretch = []
        else:
            stretch += _read_piece(piece.group(), piece.start(), capitals)
    if stretch:
        yield stretch


def _read_piece(piece: str, at: int, capitals: bool) -> Iterator[_Latin]:
    """The Latin words of what stands between spaces; none of an address or a plate."""
    if _ADDRESS.search(piece) or _OTHER_LETTER.search(piece):
        return
    with_digits = any(char.isdigit() for char in piece)
    for match in _LETTERS.finditer(piece):
        word = match.group()
        lower = word.lower().replace("ü", "v")
        if with_digits and (len(word) < 2 or not word.islower() or lower in _UNITS):
            continue
        if word.isupper() and not capitals:
            continue  # KTV, SOHO, 座 A: neither for nor against
        count = count_syllables(lower)
        yield _Latin(at + match.start(), at + match.end(), lower, count > 0, count)


def _is_pinyin(stretch: Sequence[_Latin], in_chinese: bool) -> bool:
    """Whether the words of a stretch, taken together, are pinyin rather than English."""
    doubtful = sum(word.syllables for word in stretch if word.word in ALSO_ENGLISH)
    clear = sum(word.syllables for word in stretch) - doubtful
    against = sum(
        _WEIGHT_PLAIN if word.word in _PLAINLY_ENGLISH else _WEIGHT_FOREIGN
        for word in stretch
        if not word.legal
    )
    if clear + doubtful >= _LEAST_SYLLABLES:
        return clear > against and 2 * clear >= doubtful
    if not in_chinese or against or doubtful or clear < _LEAST_IN_CHINESE:
        return False
    index = _index()
    return all(
        index.costs.get(index.best(word.word), UNKNOWN) <= _KNOWN_AT_MOST for word in stretch
    )


def _cut_runs(text: str, stretch: Iterable[_Latin]) -> Iterator[list[_Latin]]:
    """Legal words with nothing but spaces or apostrophes between them."""
    run: list[_Latin] = []
    for word in stretch:
        if run and (not word.legal or text[run[-1].end : word.start].strip(" '’")):
            yield run
            run = []
        if word.legal:
            run.append(word)
    if run:
        yield run


def _spell_run(text: str, run: Sequence[_Latin]) -> Iterator[Fold]:
    """Each syllable to its character, and the spaces within and beside the run to nothing."""
    at = run[0].start
    before = text[:at].rstrip(" ")[-1:] if text[at - 1 : at] == " " else ""
    if before and _joins(before):
        yield len(text[:at].rstrip(" ")), at, ""
    for start, end, char in _decode(run):
        if at < start:
            yield at, start, ""
        yield start, end, char
        at = end
    after = re.compile(" +").match(text, at)
    if after and _joins(text[after.end() : after.end() + 1]):
        yield at, after.end(), ""


def _joins(char: str) -> bool:
    """Whether a space between this character and Chinese carries nothing."""
    return char.isdigit() or char.isupper() or _CHINESE.match(char) is not None


class _Index:
    """Words by their syllables."""

    def __init__(self) -> None:
        loaded = load_word_costs()
        self.costs, self.follows, self.unseen = loaded.costs, loaded.follows, loaded.unseen
        single = {key for word, key, _ in loaded.also if len(word) == 1}
        self.syllables = frozenset({*loaded.usual.values(), *single})
        self.chars: dict[str, list[tuple[int, str]]] = {one: [] for one in self.syllables}
        # A key holds its words joined by spaces, or nothing when longer keys begin with it.
        self.words: dict[str, str] = {}
        elsewhere = {word for word, _, _ in loaded.also if len(word) > 1}
        usual = loaded.usual
        for word, cost in self.costs.items():
            if len(word) == 1:
                if word in usual:
                    self.chars[usual[word]].append((cost, word))
            elif word not in elsewhere:
                self._add(" ".join([usual.get(char, "?") for char in word]), word)
        for word, key, extra in loaded.also:
            if len(word) > 1:
                self._add(key, word)
            else:
                self.chars[key].append((self.costs[word] + extra, word))
        for syllable, listed in self.chars.items():
            self.chars[syllable] = sorted(listed)[:_CHARS_EACH]

    def _add(self, key: str, word: str) -> None:
        held = self.words.get(key)
        self.words[key] = f"{held} {word}" if held else word
        while (cut := key.rfind(" ")) > 0:
            key = key[:cut]
            if key in self.words:
                break
            self.words[key] = ""

    def best(self, letters: str) -> str:
        """The most usual single word spelled so, however its syllables are cut."""
        found = [
            word
            for key in _cut_syllables(letters)
            for word in self.words.get(" ".join(key), "").split()
        ]
        return min(found, key=lambda word: self.costs[word], default="")


@cache
def _index() -> _Index:
    return _Index()


def spell_name(name: str) -> str | None:
    """A Chinese name in small letters without tones and spaces; None when it holds another sign."""
    usual = load_word_costs().usual
    syllables = [usual.get(char) for char in name]
    return "".join(filter(None, syllables)) if all(syllables) else None


@lru_cache(maxsize=4096)
def count_syllables(letters: str) -> int:
    """The fewest legal syllables a word splits into, 0 when it does not."""
    if len(letters) > _LONGEST_LATIN_WORD:
        return 0
    legal = _index().syllables
    fewest: list[int | None] = [0]
    for end in range(1, len(letters) + 1):
        counts = [
            known + 1
            for start in range(max(0, end - _LONGEST_SYLLABLE), end)
            if (known := fewest[start]) is not None and letters[start:end] in legal
        ]
        fewest.append(min(counts, default=None))
    return fewest[-1] or 0


def _cut_syllables(letters: str) -> Iterator[list[str]]:
    """Every way to cut two or three syllables; for short words only."""
    if len(letters) > 3 * _LONGEST_SYLLABLE:
        return
    legal = _index().syllables
    for first in range(1, len(letters)):
        head, rest = letters[:first], letters[first:]
        if head not in legal:
            continue
        if rest in legal:
            yield [head, rest]
        for second in range(1, len(rest)):
            if rest[:second] in legal and rest[second:] in legal:
                yield [head, rest[:second], rest[second:]]


def _build_lattice(run: Sequence[_Latin]) -> dict[int, list[_Edge]]:
    """Edges by the place a syllable starts; only those that lead to the end of their word."""
    legal = _index().syllables
    lattice: dict[int, list[_Edge]] = {}
    for number, word in enumerate(run):
        after = run[number + 1].start if number + 1 < len(run) else word.end
        length = word.end - word.start
        for start in range(length - 1, -1, -1):
            edges = []
            for end in range(start + 1, min(length, start + _LONGEST_SYLLABLE) + 1):
                syllable = word.word[start:end]
                if syllable in legal and (end == length or word.start + end in lattice):
                    to = after if end == length else word.start + end
                    extra = _VOWEL_INSIDE if start and syllable[0] in "aeo" else 0
                    edges.append(_Edge(to, word.start + end, syllable, extra))
            if edges:
                lattice[word.start + start] = edges
    return lattice


def _decode(run: Sequence[_Latin]) -> list[Fold]:
    """The likeliest words for a run, character by character with the place of each."""
    lattice = _build_lattice(run)
    last = run[-1].end
    states: dict[int, list[_State]] = {run[0].start: [_State(0, "^")]}
    for node in sorted(lattice):
        here = states.pop(node, None)
        if here is None:
            continue
        _go_on(states, _keep_best(here), _find_words(lattice, node))
    best = min(states[last], key=lambda state: state.cost)
    spelled: list[Fold] = []
    step: _State | None = best
    while step is not None and step.before is not None:
        spelled += reversed(list(zip(step.starts, step.ends, step.word, strict=True)))
        step = step.before
    return spelled[::-1]


def _go_on(
    states: dict[int, list[_State]], here: Sequence[_State], found: Iterable[_Found]
) -> None:
    """Put every word found behind the state it costs least after."""
    index = _index()
    unseen = index.unseen
    start = min(here, key=lambda state: state.cost + unseen.get(state.word, 0))
    start_cost = start.cost + unseen.get(start.word, 0)
    seen_after = [
        (state, followers)
        for state in here
        if (followers := index.follows.get(state.word)) is not None
    ]
    for to, word, cost, starts, ends in found:
        before, least = start, start_cost + cost
        for state, followers in seen_after:
            if word in followers and state.cost + followers[word] < least:
                before, least = state, state.cost + followers[word]
        states.setdefault(to, []).append(_State(least, word, starts, ends, before))


def _keep_best(states: list[_State]) -> list[_State]:
    kept: dict[str, _State] = {}
    for state in sorted(states, key=lambda state: state.cost):
        if state.word not in kept:
            kept[state.word] = state
            if len(kept) == _STATES:
                break
    return list(kept.values())


def _find_words(lattice: dict[int, list[_Edge]], node: int) -> list[_Found]:
    """The words that may start at `node`: where they lead, cost, and places of the syllables."""
    index = _index()
    found: list[_Found] = []
    paths: list[_Path] = []
    for edge in lattice[node]:
        path = (edge.to, edge.syllable, edge.extra, (node,), (edge.end,))
        paths.append(path)
        for cost, char in index.chars[edge.syllable]:
            found.append((edge.to, char, cost + edge.extra, path[3], path[4]))
    singles = len(found)
    first = paths
    while paths:
        paths = [longer for path in paths for longer in _lengthen(lattice, path)]
        paths = [path for path in paths if path[1] in index.words]
        for to, key, extra, starts, ends in paths:
            for word in index.words[key].split():
                found.append((to, word, index.costs[word] + extra, starts, ends))
    if len(found) == singles:
        found += _find_fuzzy(lattice, first)
    return found


def _lengthen(lattice: dict[int, list[_Edge]], path: _Path) -> Iterator[_Path]:
    to, key, extra, starts, ends = path
    for edge in lattice.get(to, ()):
        yield (
            edge.to, f"{key} {edge.syllable}", extra + edge.extra, (*starts, to), (*ends, edge.end),
        )  # fmt: skip


def _find_fuzzy(lattice: dict[int, list[_Edge]], paths: list[_Path]) -> Iterator[_Found]:
    """Words of two or three syllables one of which sounds like the one typed."""
    index = _index()
    for _ in range(2):
        paths = [longer for path in paths for longer in _lengthen(lattice, path)]
        for to, key, extra, starts, ends in paths:
            for other in _respell(key):
                for word in index.words.get(other, "").split():
                    yield to, word, index.costs[word] + extra + _FUZZY, starts, ends


def _respell(key: str) -> Iterator[str]:
    head, tail = "", key
    while tail:
        syllable, space, tail = tail.partition(" ")
        for other in sounds_like(syllable):
            yield f"{head}{other}{space}{tail}"
        head += syllable + space


@cache
def sounds_like(syllable: str) -> tuple[str, ...]:
    """Legal syllables that many people type or hear for this one: zh/z, n/l, ang/an, v/u."""
    others = set()
    for one, other in (*_FUZZY_STARTS, *(pair[::-1] for pair in _FUZZY_STARTS)):
        if syllable.startswith(one) and (len(one) > 1 or syllable[1:2] != "h"):
            others.add(other + syllable[len(one) :])
    for one, other in (*_FUZZY_ENDS, *(pair[::-1] for pair in _FUZZY_ENDS)):
        if syllable.endswith(one):
            others.add(syllable[: -len(one)] + other)
    if syllable[:1] in "nl":
        others |= {syllable.replace("u", "v"), syllable.replace("v", "u")}
    others.discard(syllable)
    return tuple(sorted(others & _index().syllables))
