"""Saying what the knowledge base says: one way for questions alone and questions in between."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.earlier_question import complete, keep_question, last_answer
from actions.services import services
from actions.turn import conversation_id, read_turn, said, vector_of
from bot.language.models import Vector
from bot.language.normalise import normalise
from cases.draft import Reading
from kb.errors import ArticleNotFound
from kb.excerpts import find_excerpt, names_other
from kb.models import Article

_WHOLE = 4
"""A shorter question does not say what it is about."""


_ASKS_SOURCE = re.compile(
    r"^(?:那|有)?(?:什么|啥|法律|你们?的?)?依据(?:是|在|呢|什么|哪|的)[^，。]{0,8}$|^(?:这是)?(?:根据|依据|凭)(?:的)?(?:什么|哪[条个部])(?:法|规定|条例|款)?[^，。]{0,4}$|^(?:哪条|哪部|什么)(?:法律?|规定|条例)(?:规定的|写的|说的)?[？?吗]*$"
)


def describe_citation(article: Article) -> dict[str, Any]:
    """The citation that goes with an answer."""
    return {
        "slug": article.slug,
        "title": article.title,
        "source": article.source_line(),
        "version": services().knowledge.version(article.slug),
    }


def say_article(dispatcher: CollectingDispatcher, article: Article) -> None:
    """Give an article's answer with who is in charge, its sources and its review date."""
    dispatcher.utter_message(
        text=f"{article.answer}\n{article.authority}",
        json_message={"citations": [describe_citation(article)]},
    )


def answer_if_sure(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Answer only what the knowledge base is sure of: a question in the clothes of another intent."""
    knowledge = services().knowledge
    found = knowledge.search(normalise(said(tracker)).text, vector_of(tracker))
    if found.answer is None:
        return False
    say_article(dispatcher, knowledge.get(found.answer))
    return True


def answer_follow_up(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
    """Answer a turn that leans on the question before it, if the knowledge base is sure of it.

    None, and nothing said, when there is no such answer.
    """
    question = said(tracker)
    if _ASKS_SOURCE.search(question) and (slug := last_answer(tracker)) is not None:
        source = services().knowledge.get(slug).source_line()
        dispatcher.utter_message(response="utter_policy_source", source=source)
        return [SlotSet("failures", 0)]
    whole = complete(tracker, question)
    if whole is None:
        return None
    slug = _find(question) if len(question) >= _WHOLE else None
    if slug is not None and slug != last_answer(tracker):
        whole = question  # it says all there is to ask
    else:
        slug = _answer_from_last(dispatcher, tracker, question) or _find(whole)
    if slug is None or (slug == last_answer(tracker) and _is_of_another(slug, question)):
        return None
    if slug != last_answer(tracker):
        say_article(dispatcher, services().knowledge.get(slug))
    elif not dispatcher.messages:
        # nothing more is known than what was just said
        dispatcher.utter_message(response="utter_policy_no_more")
    kept = keep_question(tracker, read_turn(tracker), whole, slug)
    return [kept, SlotSet("failures", 0)]


def _find(question: str) -> str | None:
    return services().knowledge.search(normalise(question).text, _embed(question)).answer


def _is_of_another(slug: str, question: str) -> bool:
    return names_other(services().knowledge.get(slug), question)


def _answer_from_last(
    dispatcher: CollectingDispatcher, tracker: Tracker, question: str
) -> str | None:
    """Say the words of the article said last that answer the question; its slug if there are any."""
    slug = last_answer(tracker)
    if slug is None:
        return None
    try:
        article = services().knowledge.get(slug)
    except ArticleNotFound:  # taken down since
        return None
    excerpt = find_excerpt(article, question)
    if excerpt is None:
        return None
    dispatcher.utter_message(text=excerpt, json_message={"citations": [describe_citation(article)]})
    return slug


async def answer_question(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Answer the turn's question, offer choices, or decline, and remember what was asked."""
    if (kept := answer_follow_up(dispatcher, tracker)) is not None:
        return kept
    slug = await _answer(dispatcher, tracker, said(tracker), vector_of(tracker))
    kept = keep_question(tracker, read_turn(tracker), said(tracker), slug)
    return [kept, SlotSet("failures", 0)]


async def answer_reading(
    dispatcher: CollectingDispatcher, tracker: Tracker, reading: Reading
) -> None:
    """Answer the question that is a part of the turn."""
    await _answer(dispatcher, tracker, reading.text, _embed(reading.text))


def _embed(text: str) -> Vector:
    return services().embedder.embed([normalise(text).text])[0]


async def _answer(
    dispatcher: CollectingDispatcher, tracker: Tracker, question: str, vector: Vector
) -> str | None:
    """Returns the article that was said, if one was."""
    knowledge = services().knowledge
    pressed = knowledge.find_by_title(question)
    if pressed is not None:
        say_article(dispatcher, pressed)
        return pressed.slug
    found = knowledge.search(normalise(question).text, vector)
    if found.answer is not None:
        say_article(dispatcher, knowledge.get(found.answer))
        return found.answer
    channel = str(tracker.get_latest_input_channel() or "webchat")
    await services().editorial.gaps.note(question, channel, found, conversation_id(tracker))
    if found.choices:
        titles = [knowledge.get(slug).title for slug in found.choices]
        buttons = [{"title": title, "payload": title} for title in titles]
        buttons.append({"title": "都不是", "payload": "都不是，转人工"})
        dispatcher.utter_message(response="utter_policy_choose", buttons=buttons)
    else:
        dispatcher.utter_message(response="utter_policy_unknown")
    return None
