"""Corrections of public information: what they speak of, kept beside the case that carries them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from actions.services import services
from bot.language.normalise import normalise
from cases.draft import Draft, Reading
from cases.models import Case
from conversations.shown import Shown, find_shown
from kb.corrections import Subject
from kb.errors import ArticleNotFound
from kb.models import Article
from kb.places import Place
from kb.ratings import Rated

_LOOK_BACK = 30
_ABOUT_INFORMATION = re.compile(
    "答案|回答|答复|条目|知识库|说法|刚才|上面|这一?[条篇]|地图|网[页站]|公布|公示|信息|写的|标的|电话号码|地址"
)
"""A suggestion with such words, after something was shown, is about what was shown."""


async def read_subject(reading: Reading, conversation: str) -> Mapping[str, Any] | None:
    """What the first message of a report corrects, as kept in the draft; None for other reports."""
    shown = await find_last_shown(conversation)
    if reading.intent == "report_error":
        return asdict(_choose_subject(reading.text, shown))
    if (
        reading.intent == "make_suggestion"
        and shown is not None
        and _ABOUT_INFORMATION.search(reading.text)
    ):
        return asdict(_choose_subject(reading.text, shown))
    return None


async def find_last_shown(conversation: str) -> Shown | None:
    """The answer or the places the resident was shown last, if that is not long ago."""
    conversations = services().conversations
    last = (await conversations.get(conversation)).last_seq
    return find_shown(await conversations.timeline(conversation, max(last - _LOOK_BACK, 0)))


async def receive_correction(draft: Draft, case: Case, conversation: str) -> None:
    """Put the filed case on the editors' review list, if it corrects something."""
    if draft.about is None:
        return
    await services().editorial.corrections.receive(
        case.case_number,
        draft.description or "",
        Subject(**draft.about),
        case.channel,
        conversation,
    )


async def rate_last_answer(conversation: str, channel: str, reason: str) -> bool:
    """Count the answer shown last as one that did not help; False when none was shown."""
    shown = await find_last_shown(conversation)
    if shown is None or shown.citation is None:
        return False
    rated = Rated(
        str(shown.citation["slug"]),
        int(shown.citation.get("version") or 0),
        conversation,
        shown.entry.seq,
        channel,
        shown.question,
    )
    await services().editorial.ratings.rate(rated, False, reason)
    return True


def _choose_subject(text: str, shown: Shown | None) -> Subject:
    place = _named_place(text, shown)
    if place is not None:
        return describe_place_subject(place, shown.places if shown is not None else ())
    if shown is not None and shown.citation is not None:
        return _article_subject(str(shown.citation["slug"]), shown)
    if shown is not None and len(shown.places) == 1:
        known = services().places.get(int(shown.places[0]["id"]))
        if known is not None:
            return describe_place_subject(known, shown.places)
    return _guess_article(text)


def _named_place(text: str, shown: Shown | None) -> Place | None:
    """A place he names: of those he was shown first, else of all."""
    cards = [int(card["id"]) for card in shown.places] if shown is not None else []
    near = [place for place in map(services().places.get, cards) if place is not None]
    named = [place for place in (*near, *services().places.all()) if place.name in text]
    return max(named, key=lambda place: len(place.name), default=None)


def describe_place_subject(place: Place, cards: Sequence[Mapping[str, Any]] = ()) -> Subject:
    """A place as corrections name it: as one of `cards` showed it, else as it is now."""
    seen = next((card for card in cards if card["id"] == place.id), None)
    if seen is None:
        return Subject("place", str(place.id), place.name, place.version or None, place.to_data())
    return Subject("place", str(place.id), place.name, seen.get("version"), seen)


def _article_subject(slug: str, shown: Shown) -> Subject:
    citation = shown.citation or {}
    words = {"answer": shown.entry.text, "question": shown.question}
    version = citation.get("version")
    return Subject("article", slug, str(citation.get("title") or slug), version, words)


def _guess_article(text: str) -> Subject:
    """The article the words themselves find with confidence."""
    knowledge, plain = services().knowledge, normalise(text).text
    found = knowledge.search(plain, services().embedder.embed([plain])[0])
    try:
        article: Article | None = knowledge.get(found.answer) if found.answer else None
    except ArticleNotFound:  # taken down at this very moment
        article = None
    if article is None:
        return Subject()
    version = knowledge.version(article.slug)
    return Subject("article", article.slug, article.title, version, {"answer": article.answer})
