"""In which language a message is written, when it is not Chinese.

By script where the script tells, by common words among the Latin ones. Chinese with a foreign
word in it is Chinese, and so is pinyin: many common English words (can, you, me, long) are
syllables of it and count for nothing here.
"""

from __future__ import annotations

import re
import unicodedata

OTHER = "other"
"""A language that is told apart from Chinese but not named."""

_SCRIPTS = (
    ("ja", re.compile(r"[\u3041-\u30ff]")),
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")),
    ("cyrillic", re.compile(r"[\u0400-\u04ff]")),
    (OTHER, re.compile(r"[\u0370-\u03ff\u0590-\u109f\u1200-\u139f\u1780-\u18af\ua000-\ua4cf]")),
)
_SCRIPT_SHARE = 0.4
"""Of the letters: less is a quotation in a Chinese sentence."""
_FEWEST_LETTERS = 2
_NOT_RUSSIAN = re.compile(r"[іїєґөүәңғұқһіўјљњћђ]", re.IGNORECASE)
_VIETNAMESE = re.compile(r"[ăđơư\u1ea0-\u1ef9]", re.IGNORECASE)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_COURTESY = frozenset("hello hi hey ok okay thank thanks you bye goodbye sorry".split())
"""Said by anybody; they tell nothing of who reads the answer."""
_FEWEST_WORDS = 2
_LEAST_COMMON = 8
"""At least one word in so many is a common one; in pinyin and in codes there is none."""
_HAN_PER_WORD = 2
"""Beside so many Chinese characters for each Latin word the sentence is Chinese."""

_COMMON = {
    "en": """the is are was were my your our this that these there what where when why how who which i i'm it it's
        its with of for from near in on at out front to not no very please help want need would could should will does
        did don't doesn't has have had been and or but every night street road building bus stop light lamp broken
        noise noisy garbage trash rubbish car park blocked parking report complain complaint problem someone somebody
        people speak talk english agent person service city previous instructions system prompt all tell write
        translate sidewalk station dirty smell construction ignore print show open anyone do""",
    "fr": """bonjour je voudrais il les des une est dans sur avec pour rue s'il vous plaît merci problème signaler
        puis-je aide j'ai c'est qui que pas devant""",
    "de": """ich der die das ist und nicht ein eine auf mit für straße bitte guten tag möchte melden wie danke haben
        vor meinem""",
    "es": """hola los las una con para calle por favor gracias problema quiero ayuda hay necesito buenos días está mi
        cómo dónde frente""",
}
"""None of these is made of syllables of pinyin, as can, you, like and long are."""
_CLEAR = frozenset("bonjour hola danke merci gracias voudrais bitte guten".split())
_FEWEST_FOREIGN = 2
"""Words of a language whose short ones (mi, die, para) are syllables of pinyin too."""
_WORDS = {code: frozenset(words.split()) for code, words in _COMMON.items()}


def detect_language(text: str) -> str | None:
    """The language's code (en, ja, ko, ru, fr, de, es, other); None for Chinese and for noise."""
    letters = sum(unicodedata.category(character)[0] in "LM" for character in text)
    for code, script in _SCRIPTS:
        found = len(script.findall(text))
        if found >= _FEWEST_LETTERS and found >= letters * _SCRIPT_SHARE:
            return _name_cyrillic(text) if code == "cyrillic" else code
    return _detect_latin(text)


def _name_cyrillic(text: str) -> str:
    return OTHER if _NOT_RUSSIAN.search(text) else "ru"


def _detect_latin(text: str) -> str | None:
    if len(_VIETNAMESE.findall(text)) >= _FEWEST_LETTERS:
        return OTHER
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(_HAN.sub(" ", text))]
    words = [word for word in words if word not in _COURTESY]
    if len(words) < _FEWEST_WORDS or len(_HAN.findall(text)) > len(words) * _HAN_PER_WORD:
        return None
    known = {code: sum(word in common for word in words) for code, common in _WORDS.items()}
    best = max(known, key=lambda code: known[code])
    least = 1 if best == "en" or any(word in _CLEAR for word in words) else _FEWEST_FOREIGN
    return best if known[best] >= least and known[best] * _LEAST_COMMON >= len(words) else None
