"""The chat API's shapes, made from timeline entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conversations.models import Entry, EntryType
from hotline.clock import iso


def describe_message(conversation_id: str, entry: Entry) -> dict[str, Any]:
    """A message as contract.md has it."""
    message: dict[str, Any] = {
        "seq": entry.seq,
        "sender": entry.sender.value,
        "text": entry.text,
        "sent_at": iso(entry.sent_at),
    }
    if entry.operator_name:
        message["operator_name"] = entry.operator_name
    if entry.client_message_id:
        message["client_message_id"] = entry.client_message_id
    for key in ("buttons", "citations", "case", "location", "places"):
        if entry.payload.get(key):
            message[key] = entry.payload[key]
    if entry.payload.get("attachments"):
        base = f"/api/v1/conversations/{conversation_id}/attachments/"
        message["attachments"] = [
            {**item, "url": base + item["id"]} for item in entry.payload["attachments"]
        ]
    return message


def describe_event(conversation_id: str, entry: Entry) -> dict[str, Any]:
    """A timeline entry as an event: a message, or a change of holder."""
    if entry.type is EntryType.MESSAGE:
        return {"type": "message", **describe_message(conversation_id, entry)}
    event = {"seq": entry.seq, "type": entry.type.value, "at": iso(entry.sent_at), **entry.payload}
    if entry.operator_name:
        event["operator_name"] = entry.operator_name
    return event


def describe_messages(conversation_id: str, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Only the messages among the entries."""
    return [
        describe_message(conversation_id, entry)
        for entry in entries
        if entry.type is EntryType.MESSAGE
    ]
