"""The door from our gateway into Rasa: authenticated, on this machine, and safe to repeat.

Rasa's own REST channel names every channel `collector`, hides errors as an empty list and answers
a repeated message as a new one. This one keeps the real channel's name (so that a response's
`channel:` variants work), answers errors as errors, and gives a message that was already answered
its old answer again.
"""

from __future__ import annotations

import hmac
import logging
from typing import Any, Awaitable, Callable, Dict, List, Optional, Text

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.components.action_calls import TurnAbandoned, lighten_action_calls
from bot.components.predictions import lighten_predictions
from hotline.memory import settle_memory

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Hotline-Secret"  # noqa: S105 - the header's name, not its value


class GatewayOutput(OutputChannel):
    """Collects a turn's replies whole: text, buttons and extras of one reply stay together."""

    def __init__(self, channel: Text) -> None:
        self._channel = channel
        self.replies: List[Dict[Text, Any]] = []

    def name(self) -> Text:  # type: ignore[override]
        """The resident's real channel."""
        return self._channel

    async def send_response(self, recipient_id: Text, message: Dict[Text, Any]) -> None:
        """Keep the reply as Rasa composed it."""
        self.replies.append(
            {
                "text": message.get("text") or "",
                "buttons": message.get("buttons") or [],
                "custom": message.get("custom") or {},
            }
        )

    async def send_text_message(self, recipient_id: Text, text: Text, **kwargs: Any) -> None:
        """Keep a bare text."""
        self.replies.append({"text": text, "buttons": [], "custom": {}})


class GatewayInput(InputChannel):
    """`GET /` tells whether a model is loaded; `POST /webhook` takes one message."""

    @classmethod
    def name(cls) -> Text:
        return "gateway"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[Text, Any]]) -> InputChannel:
        secret = (credentials or {}).get("secret")
        if not secret:
            raise ValueError("credentials.yml: the gateway's connector needs a secret")
        return cls(str(secret))

    def __init__(self, secret: Text) -> None:
        self._secret = secret.encode()
        lighten_action_calls()
        lighten_predictions()

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        hook = Blueprint("gateway_webhook")

        @hook.listener("after_server_start")
        async def settle(*_: Any) -> None:
            settle_memory()  # the model is loaded before Rasa listens

        @hook.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            return response.json({"model_loaded": bool(agent and agent.is_ready())})

        @hook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            offered = request.headers.get(SECRET_HEADER, "").encode()
            if not hmac.compare_digest(offered, self._secret):
                return response.json({"error": "forbidden"}, status=403)
            body = request.json
            if body.get("replayed"):
                earlier = await self._answered(request, body["sender"], body["message_id"])
                if earlier is not None:
                    return response.json(earlier)
            await self._enter(request, body)
            channel = body["channel"]
            output = GatewayOutput(channel)
            message = UserMessage(
                plain_text(body),
                output,
                body["sender"],
                input_channel=channel,
                message_id=body["message_id"],
                metadata={**(body.get("metadata") or {}), "channel": channel},
            )
            try:
                await on_new_message(message)
            except (Exception, TurnAbandoned):
                # the boundary to Rasa: whatever went wrong inside must not look like an answer
                logger.exception("turn failed")
                return response.json({"error": "turn failed"}, status=500)
            return response.json(output.replies)

        return hook

    async def _enter(self, request: Request, body: Dict[Text, Any]) -> None:
        """Enter the dialogue of a question that was put to the resident outside of a turn.

        The gateway names it (loop, slots) with every message until it is settled, so a memory that
        began afresh knows it too; a dialogue that is under way goes first.
        """
        question = body.get("question")
        if not question:
            return
        agent = request.app.ctx.agent
        tracker = await agent.processor.fetch_tracker_with_initial_session(body["sender"])
        if tracker.active_loop_name is not None:
            return
        tracker.update(ActiveLoop(question["loop"]))
        for name, value in question["slots"].items():
            tracker.update(SlotSet(name, value))
        await agent.tracker_store.save(tracker)

    async def _answered(
        self, request: Request, sender: Text, message_id: Text
    ) -> Optional[List[Dict[Text, Any]]]:
        """The replies already given to this very message; None when there are none.

        Rasa saves its tracker once, at the end of a turn, so a message that is in it was answered.
        """
        tracker = await request.app.ctx.agent.tracker_store.retrieve(sender)
        return None if tracker is None else replies_to(tracker, message_id)


def replies_to(tracker: DialogueStateTracker, message_id: Text) -> Optional[List[Dict[Text, Any]]]:
    """What the bot said between this message and its next listening."""
    replies: Optional[List[Dict[Text, Any]]] = None
    for event in tracker.events:
        if isinstance(event, UserUttered) and event.message_id == message_id:
            replies = []
        elif replies is not None and isinstance(event, BotUttered):
            data = event.data or {}
            replies.append(
                {
                    "text": event.text or "",
                    "buttons": data.get("buttons") or [],
                    "custom": data.get("custom") or {},
                }
            )
        elif (
            replies is not None
            and isinstance(event, ActionExecuted)
            and event.action_name == "action_listen"
        ):
            return replies
    return replies


def plain_text(body: Dict[Text, Any]) -> Text:
    """The words for Rasa. A leading slash would be taken as a command, so it is made harmless."""
    text = (body.get("message") or "").strip()
    metadata = body.get("metadata") or {}
    if not text and metadata.get("location"):
        text = (metadata["location"].get("label") or "").strip() or "这里"
    if not text and metadata.get("attachments"):
        text = "图片"
    return "／" + text[1:] if text.startswith("/") else text or "。"


__all__ = ["GatewayInput", "GatewayOutput", "plain_text", "replies_to"]
