"""Rasa's calls of our actions, made lighter: what is said over and over is said once.

Rasa 3.6.21 opens a connection for each call, sends every event of the dialogue with it, checks the
answer against a JSON schema that it compiles anew, and looks through all subclasses of Event for
each event that it reads. The endpoint is our own application on this machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List, Optional, Text

import aiohttp
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

_SECONDS = 300
"""The longest an action may take; Rasa's own limit."""


class _KeptSession:
    """Rasa's `async with endpoint.session()`, without closing the connections after each call."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self._session

    async def __aexit__(self, *_: object) -> None:
        """The connections stay open for the next call."""


def lighten_action_calls() -> None:
    """Put the lighter ways in place of Rasa's, for this process."""
    RemoteAction._action_call_format = _describe_call
    RemoteAction._validate_action_result = _check_answer
    RemoteAction.run = _run_or_abandon
    EndpointConfig.session = _session_of
    Event.resolve_by_type = staticmethod(lru_cache(maxsize=None)(Event.resolve_by_type))


class TurnAbandoned(BaseException):
    """An action could not be run, so the turn is not to be kept.

    No Exception: Rasa goes on after those without what the action had to say, and saves the turn
    as if it were over. Told again after a restart it would have nothing to answer.
    """


_run = RemoteAction.run


async def _run_or_abandon(
    action: RemoteAction,
    output_channel: Any,
    nlg: Any,
    tracker: DialogueStateTracker,
    domain: Domain,
) -> List[Event]:
    try:
        return await _run(action, output_channel, nlg, tracker, domain)
    except ActionExecutionRejection:
        raise
    except Exception as error:
        raise TurnAbandoned(action.name()) from error


def _session_of(endpoint: EndpointConfig) -> _KeptSession:
    kept = getattr(endpoint, "kept_session", None)
    if kept is None:
        limit = aiohttp.ClientTimeout(total=_SECONDS)
        kept = _KeptSession(aiohttp.ClientSession(headers=endpoint.headers, timeout=limit))
        endpoint.kept_session = kept
    return kept


def _describe_call(
    action: RemoteAction, tracker: DialogueStateTracker, domain: Domain
) -> Dict[Text, Any]:
    """The body of a call: of earlier turns only what actions look back at."""
    state = tracker.current_state(EventVerbosity.NONE)
    state["events"] = [brief for event in tracker.events if (brief := _brief(event))]
    return {"next_action": action.name(), "sender_id": tracker.sender_id, "tracker": state}


def _brief(event: Event) -> Optional[Dict[Text, Any]]:
    """Who said what, meant how, and what was done then."""
    if isinstance(event, UserUttered):
        return {
            "event": event.type_name,
            "text": event.text,
            "input_channel": event.input_channel,
            "parse_data": {"intent": {"name": event.intent_name}},
        }
    if isinstance(event, ActionExecuted):
        return {"event": event.type_name, "name": event.action_name}
    return None


def _check_answer(action: RemoteAction, result: Any) -> bool:
    """Whether the answer has the shape that Rasa goes on to read; raises RasaException if not."""
    if isinstance(result, dict):
        events: Any = result.get("events", [])
        responses: Any = result.get("responses", [])
        if _all_objects(events) and _all_objects(responses) and all(e.get("event") for e in events):
            return True
    raise RasaException(f"malformed answer of action '{action.name()}'")


def _all_objects(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


__all__ = ["TurnAbandoned", "lighten_action_calls"]
