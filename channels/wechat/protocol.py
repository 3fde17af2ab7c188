"""The Official Account's XML: deliveries read into `Inbound`, passive replies written."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from channels.tencent.errors import BadMessage
from channels.tencent.models import Inbound, Kind, Part
from channels.tencent.xml import cdata, read_xml, text_of, write_xml

_LONGEST_USER = 64
_LONGEST_TEXT = 4000
_MESSAGES = {
    "text": Kind.TEXT,
    "image": Kind.IMAGE,
    "voice": Kind.VOICE,
    "video": Kind.VIDEO,
    "shortvideo": Kind.VIDEO,
    "location": Kind.LOCATION,
    "link": Kind.LINK,
}
_EVENTS = {
    "subscribe": Kind.SUBSCRIBE,
    "unsubscribe": Kind.UNSUBSCRIBE,
    "SCAN": Kind.SCAN,
    "CLICK": Kind.CLICK,
    "TEMPLATESENDJOBFINISH": Kind.OUTCOME,
    "subscribe_msg_sent_event": Kind.OUTCOME,
    "subscribe_msg_popup_event": Kind.PERMISSION,
    "subscribe_msg_change_event": Kind.PERMISSION,
}


def read_delivery(xml: str | bytes) -> tuple[Inbound, str]:
    """The delivery and the account (ToUserName) it was sent to; raises BadMessage."""
    root = read_xml(xml)
    user, account = text_of(root, "FromUserName"), text_of(root, "ToUserName")
    if not user or not account or len(user) > _LONGEST_USER or not user.isprintable():
        raise BadMessage
    created_at = _read_moment(text_of(root, "CreateTime"))
    message_type = text_of(root, "MsgType")
    if message_type == "event":
        event = text_of(root, "Event")
        kind = _EVENTS.get(event, Kind.OTHER)
        key = text_of(root, "EventKey")
        # events have no id of their own; who, when and what is the documented way to know one
        external_id = _bounded(f"{user}:{int(created_at.timestamp())}:{event}:{key}")
        return Inbound(external_id, user, kind, created_at, _read_event(root, kind)), account
    kind = _MESSAGES.get(message_type, Kind.OTHER)
    message_id = text_of(root, "MsgId")
    if kind is not Kind.OTHER and not message_id:
        raise BadMessage
    external_id = _bounded(message_id or f"{user}:{int(created_at.timestamp())}:{message_type}")
    return Inbound(external_id, user, kind, created_at, _read_message(root, kind)), account


def _read_moment(text: str) -> datetime:
    if not text.isdecimal() or len(text) > 10:
        raise BadMessage
    return datetime.fromtimestamp(int(text), UTC)


def _bounded(external_id: str) -> str:
    if len(external_id) <= 150:
        return external_id
    return hashlib.sha256(external_id.encode()).hexdigest()


def _read_message(root: Element, kind: Kind) -> dict[str, Any]:
    if kind is Kind.TEXT:
        return {"text": text_of(root, "Content")[:_LONGEST_TEXT]}
    if kind in (Kind.IMAGE, Kind.VOICE, Kind.VIDEO):
        body = {"media_id": text_of(root, "MediaId"), "format": text_of(root, "Format").lower()}
        heard = text_of(root, "Recognition")[:_LONGEST_TEXT]
        return {**body, "heard": heard} if heard else body
    if kind is Kind.LOCATION:
        return {
            "lat": _read_degrees(text_of(root, "Location_X"), 90),
            "lon": _read_degrees(text_of(root, "Location_Y"), 180),
            "label": text_of(root, "Label")[:200],
        }
    if kind is Kind.LINK:
        return {
            "title": text_of(root, "Title")[:200],
            "description": text_of(root, "Description")[:500],
            "url": text_of(root, "Url")[:1000],
        }
    return {}


def _read_degrees(text: str, bound: int) -> float:
    try:
        number = float(text)
    except ValueError:
        raise BadMessage from None
    if not math.isfinite(number) or abs(number) > bound:
        raise BadMessage
    return number


def _read_event(root: Element, kind: Kind) -> dict[str, Any]:
    if kind in (Kind.CLICK, Kind.SCAN, Kind.SUBSCRIBE):
        return {"key": text_of(root, "EventKey")[:128]}
    if kind is Kind.OUTCOME and root.find("Status") is not None:
        return {"outcomes": [{"id": text_of(root, "MsgID")[:64], "status": _status(root)}]}
    lists = [
        {child.tag: (child.text or "").strip()[:128] for child in item}
        for holder in root
        if holder.tag.startswith("SubscribeMsg")
        for item in holder.findall("List")
    ]
    if kind is Kind.OUTCOME:
        outcomes = [
            {"id": item.get("MsgID", ""), "status": item.get("ErrorStatus", "")} for item in lists
        ]
        return {"outcomes": outcomes}
    if kind is Kind.PERMISSION:
        permissions = {
            item.get("TemplateId", ""): item.get("SubscribeStatusString", "") for item in lists
        }
        return {"permissions": permissions}
    return {}


def _status(root: Element) -> str:
    return text_of(root, "Status")[:64]


def write_reply(part: Part, user: str, account: str, now: datetime) -> str:
    """A passive reply: a text, or one card."""
    head: dict[str, str | int] = {
        "ToUserName": user,
        "FromUserName": account,
        "CreateTime": int(now.timestamp()),
    }
    if not part.url:
        return write_xml({**head, "MsgType": "text", "Content": part.text})
    item = (
        f"<item><Title>{cdata(part.title)}</Title><Description>{cdata(part.text)}</Description>"
        f"<PicUrl></PicUrl><Url>{cdata(part.url)}</Url></item>"
    )
    opening = write_xml({**head, "MsgType": "news", "ArticleCount": 1}).removesuffix("</xml>")
    return f"{opening}<Articles>{item}</Articles></xml>"
