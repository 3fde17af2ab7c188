"""Saying what the knowledge base says: one way for questions alone and questions in between."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from actions.turn import conversation_id, said, vector_of
from bot.language.models import Vector
from bot.language.normalise import normalise
from cases.draft import Reading
from kb.models import Article


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


async def answer_question(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Answer the turn's question, offer choices, or decline; True unless it was declined."""
    return await _answer(dispatcher, tracker, said(tracker), vector_of(tracker))


async def answer_reading(
    dispatcher: CollectingDispatcher, tracker: Tracker, reading: Reading
) -> bool:
    """Answer the question that is a part of the turn."""
    vector = services().embedder.embed([normalise(reading.text).text])[0]
    return await _answer(dispatcher, tracker, reading.text, vector)


async def _answer(
    dispatcher: CollectingDispatcher, tracker: Tracker, question: str, vector: Vector
) -> bool:
    knowledge = services().knowledge
    pressed = knowledge.find_by_title(question)
    if pressed is not None:
        say_article(dispatcher, pressed)
        return True
    found = knowledge.search(normalise(question).text, vector)
    if found.answer is not None:
        say_article(dispatcher, knowledge.get(found.answer))
        return True
    channel = str(tracker.get_latest_input_channel() or "webchat")
    await services().editorial.gaps.note(question, channel, found, conversation_id(tracker))
    if found.choices:
        titles = [knowledge.get(slug).title for slug in found.choices]
        buttons = [{"title": title, "payload": title} for title in titles]
        buttons.append({"title": "都不是", "payload": "都不是，转人工"})
        dispatcher.utter_message(response="utter_policy_choose", buttons=buttons)
        return True
    dispatcher.utter_message(response="utter_policy_unknown")
    return False
