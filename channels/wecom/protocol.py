"""WeCom customer service: callbacks, and pulled messages read into `Inbound`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from channels.tencent.errors import BadMessage
from channels.tencent.models import Inbound, Kind
from channels.tencent.xml import read_xml, text_of

FROM_CUSTOMER, FROM_SYSTEM = 3, 4
_KINDS = {
    "text": Kind.TEXT,
    "image": Kind.IMAGE,
    "voice": Kind.VOICE,
    "video": Kind.VIDEO,
    "location": Kind.LOCATION,
    "link": Kind.LINK,
}


@dataclass(frozen=True, slots=True)
class News:
    """A callback's word that messages wait to be pulled; `token` is good for ten minutes."""

    account: str
    token: str


def read_callback(xml: str) -> News | None:
    """What a decrypted callback tells; None for events that are not about messages."""
    root = read_xml(xml)
    if text_of(root, "MsgType") != "event" or text_of(root, "Event") != "kf_msg_or_event":
        return None
    account, token = text_of(root, "OpenKfId"), text_of(root, "Token")
    if not account or len(account) > 64 or len(token) > 512:
        raise BadMessage
    return News(account, token)


def read_pulled(item: Mapping[str, Any]) -> Inbound | None:
    """One message of `sync_msg`; None for what needs nothing from us (our own, other servers')."""
    origin, message_type = item.get("origin"), str(item.get("msgtype", ""))
    sent_at = datetime.fromtimestamp(int(item.get("send_time", 0)), UTC)
    account = str(item.get("open_kfid", ""))
    if origin == FROM_SYSTEM and message_type == "event":
        return _read_event(item, sent_at)
    user = str(item.get("external_userid", ""))
    if origin != FROM_CUSTOMER or not user:
        return None
    kind = _KINDS.get(message_type, Kind.OTHER)
    content = item.get(message_type)
    body = _read_content(kind, content if isinstance(content, Mapping) else {})
    if body is None:
        kind, body = Kind.OTHER, {}
    if kind is Kind.TEXT and (menu_id := str((content or {}).get("menu_id", ""))):
        body = {**body, "key": menu_id}
    return Inbound(
        str(item["msgid"])[:150], user[:128], kind, sent_at, {**body, "account": account}
    )


def _read_event(item: Mapping[str, Any], sent_at: datetime) -> Inbound | None:
    event = item.get("event") or {}
    kind = {"enter_session": Kind.ENTER, "msg_send_fail": Kind.OUTCOME}.get(
        str(event.get("event_type", "")), Kind.OTHER
    )
    user = str(event.get("external_userid", ""))
    if not user or kind is Kind.OTHER:
        return None
    body: dict[str, Any] = {"account": str(event.get("open_kfid", ""))}
    if kind is Kind.ENTER:
        body["welcome_code"] = str(event.get("welcome_code", ""))[:256]
    else:
        body["outcomes"] = [
            {"id": str(event.get("fail_msgid", ""))[:64], "status": str(event.get("fail_type", ""))}
        ]
    return Inbound(str(item["msgid"])[:150], user[:128], kind, sent_at, body)


def _read_content(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any] | None:
    if kind is Kind.TEXT:
        return {"text": str(content.get("content", ""))[:4000]}
    if kind in (Kind.IMAGE, Kind.VOICE, Kind.VIDEO):
        return {"media_id": str(content.get("media_id", ""))[:256]}
    if kind is Kind.LINK:
        return {
            "title": str(content.get("title", ""))[:200],
            "description": str(content.get("desc", ""))[:500],
            "url": str(content.get("url", ""))[:1000],
        }
    if kind is Kind.LOCATION:
        try:
            lat, lon = float(content["latitude"]), float(content["longitude"])
        except (KeyError, TypeError, ValueError):
            return None
        if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
            return None
        label = str(content.get("name") or content.get("address") or "")
        return {"lat": lat, "lon": lon, "label": label[:200]}
    return {}
