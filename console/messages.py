"""Timeline entries as the console's pages get them; numbers that identify people are covered."""

from __future__ import annotations

from typing import Any

from conversations.models import Entry
from hotline.clock import iso
from hotline.privacy import mask_text

_CARRIED = ("buttons", "citations", "case", "location", "places")


def describe_entry(conversation_id: str, entry: Entry) -> dict[str, Any]:
    """One entry; `covered` says that its text can be revealed."""
    shown = mask_text(entry.text)
    described: dict[str, Any] = {
        "seq": entry.seq,
        "type": entry.type.value,
        "sender": entry.sender.value,
        "text": shown,
        "covered": entry.sealed or shown != entry.text,
        "sent_at": iso(entry.sent_at),
    }
    if entry.operator_name:
        described["operator_name"] = entry.operator_name
    if entry.client_message_id and entry.sender.value == "operator":
        described["client_message_id"] = entry.client_message_id
    for key in _CARRIED:
        if entry.payload.get(key):
            described[key] = entry.payload[key]
    if entry.payload.get("attachments"):
        base = f"/console/api/conversations/{conversation_id}/attachments/"
        described["attachments"] = [
            {**item, "url": base + item["id"]} for item in entry.payload["attachments"]
        ]
    return described
