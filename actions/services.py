"""The services behind the actions.

rasa_sdk builds actions itself, without arguments, so what they need is bound here once, by the
application (or by a test) before the first call.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.language.embedding import Embedder
from cases.call_backs import CallBackSurveys
from cases.followers import Followers
from cases.nearby_service import Nearby
from cases.service import Cases
from cases.supplements import Supplements
from cases.urging import Urging
from cases.workflow import Workflow
from conversations.service import Conversations
from kb.editorial import Editorial
from kb.place_service import Places
from kb.service import Knowledge


@dataclass(frozen=True, slots=True)
class Services:
    """Everything an action may call."""

    cases: Cases
    conversations: Conversations
    knowledge: Knowledge
    embedder: Embedder
    places: Places
    editorial: Editorial
    nearby: Nearby
    followers: Followers
    supplements: Supplements
    urging: Urging
    workflow: Workflow
    surveys: CallBackSurveys


_bound: Services | None = None


def bind(services: Services) -> None:
    """Give the actions their services."""
    global _bound  # noqa: PLW0603 - the one place rasa_sdk leaves for it
    _bound = services


def services() -> Services:
    """The bound services; raises RuntimeError when nothing was bound."""
    if _bound is None:
        raise RuntimeError("actions.services.bind was not called")
    return _bound
