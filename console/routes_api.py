"""What the desk's scripts call: JSON in, JSON out, and the WebSocket."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from weakref import WeakSet

from aiohttp import web

from console.context import ConsoleContext
from console.desk import Desk
from console.door import Door, Visitor
from console.errors import NotAllowed
from console.following import FIRST_ENTRIES
from console.intake import read_json, read_message_id, read_seq, read_text
from console.live import LivePage
from console.messages import describe_entry
from console.models import Right
from console.pictures import send_picture
from conversations.errors import HeldByAnother
from conversations.models import Conversation, Holder
from conversations.service import Conversations
from hotline.audit import record_deed
from hotline.errors import InvalidInput, NotFound

_LONGEST_NOTE = 2000
_ANSWERS_PER_MINUTE = 60


class DeskApi:
    """Handlers of /console/api."""

    def __init__(self, context: ConsoleContext, desk: Desk, door: Door) -> None:
        self._c = context
        self._desk = desk
        self._door = door
        self._open: WeakSet[LivePage] = WeakSet()

    async def tell_me(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/api/me: who is logged in."""
        account = visitor.account
        return web.json_response(
            {"id": account.id, "name": account.name, "role": account.role.value}
        )

    async def open_socket(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/api/socket"""
        self._door.check_origin(request, required=True)
        page = LivePage(self._c, self._desk, visitor)
        self._open.add(page)
        return await page.run(request)

    async def close_sockets(self, _: web.Application) -> None:
        """Let every page go, so that the process can end."""
        for page in list(self._open):
            await page.close()

    async def get_earlier(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET …/entries?before=SEQ: the entries just before."""
        before = read_seq(request.query.get("before", "0"))
        conversation_id = (await self._conversation(request)).id
        entries = await self._c.conversations.timeline(
            conversation_id, max(before - 1 - FIRST_ENTRIES, 0)
        )
        described = [describe_entry(conversation_id, each) for each in entries if each.seq < before]
        return web.json_response({"entries": described})

    async def get_attachment(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET …/attachments/{attachment}?size=small: what the resident sent, or its thumbnail."""
        opened = await self._c.media.open_attachment(
            request.match_info["id"],
            request.match_info["attachment"],
            request.query.get("size", ""),
        )
        return await send_picture(request, opened)

    async def answer(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/messages {client_message_id, text}; the same id again is answered once."""
        body, conversation_id = await read_json(request), request.match_info["id"]
        message_id = read_message_id(body.get("client_message_id"))
        text = read_text(body.get("text"), self._c.settings.max_message_chars)
        entry = await self._desk.find_answer(conversation_id, message_id)
        if entry is None:
            await self._c.limiter.spend(f"answer:{visitor.account.id}", _ANSWERS_PER_MINUTE, 60)
            entry = await self._c.conversations.answer(
                conversation_id, visitor.account.operator, text, message_id
            )
        await self._desk.mark_read(visitor.account.id, conversation_id, entry.seq)
        return web.json_response({"entry": describe_entry(conversation_id, entry)})

    async def add_note(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/notes {text}"""
        body, conversation_id = await read_json(request), request.match_info["id"]
        text = read_text(body.get("text"), _LONGEST_NOTE)
        await self._c.conversations.add_note(conversation_id, visitor.account.operator, text)
        await self._record(visitor, "note_added", conversation_id, chars=len(text))
        return web.json_response({}, status=201)

    async def take(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/take {from?}: `from` names the operator whom the page showed as the holder."""
        body, conversation = await read_json(request), await self._conversation(request)
        held_by_other = (
            conversation.holder is Holder.OPERATOR
            and conversation.operator_id != visitor.account.id
        )
        # a supervisor who saw a waiting conversation does not mean to take it from a colleague
        if held_by_other and body.get("from") != conversation.operator_id:
            raise HeldByAnother
        taken = await self._c.conversations.take_over(conversation.id, visitor.account.operator)
        return _tell_holder(taken)

    async def give_back(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/return: the bot goes on."""
        conversation = await self._c.conversations.return_to_bot(
            request.match_info["id"], visitor.account.operator
        )
        return _tell_holder(conversation)

    async def close(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/close: the conversation ends."""
        conversation = await self._c.conversations.close(
            request.match_info["id"], visitor.account.operator
        )
        return _tell_holder(conversation)

    async def reveal(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/reveal {seq} or {what: "fields"}: the words as they were sent; audited."""
        body, conversation = await read_json(request), await self._conversation(request)
        mine = (
            conversation.holder is Holder.OPERATOR
            and conversation.operator_id == visitor.account.id
        )
        if not mine and not visitor.account.may(Right.REVEAL_ANY):
            raise NotAllowed("接管会话后才能查看完整号码。")
        revealed: dict[str, Any]
        if body.get("what") == "fields":
            folder = await self._desk.folder(conversation.id)
            revealed, what = {"fields": folder.fields, "summary": folder.summary}, "fields"
        elif "seq" in body:
            seq = read_seq(body["seq"])
            words = await self._c.conversations.words_as_sent(conversation.id, seq)
            if words is None:
                raise NotFound
            revealed, what = {"text": words}, f"message {seq}"
        else:
            raise InvalidInput
        await self._record(visitor, "personal_data_revealed", conversation.id, what=what)
        return web.json_response(revealed)

    async def _conversation(self, request: web.Request) -> Conversation:
        conversations: Conversations = self._c.conversations
        return await conversations.get(request.match_info["id"])

    async def _record(
        self, visitor: Visitor, action: str, conversation_id: str, **detail: object
    ) -> None:
        async with self._c.db.write() as session:
            record_deed(
                session,
                self._c.clock.now(),
                visitor.account.actor,
                action,
                "conversation",
                conversation_id,
                **detail,
            )


def _tell_holder(conversation: Conversation) -> web.Response:
    names = ("id", "holder", "operator_id", "operator_name")
    known = asdict(conversation)
    return web.json_response({name: known[name] for name in names})
