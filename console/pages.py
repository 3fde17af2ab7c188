"""Renders the console's templates; everything put into them is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from console.models import ROLE_NAMES, Right, Role
from hotline.clock import Clock, iso, to_city
from hotline.privacy import mask_text

HERE = Path(__file__).parent

EMERGENCY_NAMES: Mapping[str, str] = {
    "fire": "火情",
    "gas": "燃气",
    "medical": "伤病",
    "police": "治安",
    "collapse": "坍塌",
    "electric": "触电",
    "traffic": "交通事故",
    "self_harm": "轻生风险",
}
CHANNEL_NAMES: Mapping[str, str] = {
    "webchat": "网页",
    "wechat": "微信",
    "wecom": "企业微信",
    "voice": "电话",
    "open311": "接口",
}
_MINUTE, _HOUR = 60, 3600


class Pages:
    """One Jinja2 environment with the console's own filters."""

    def __init__(self, clock: Clock, city_name: str) -> None:
        self._clock = clock
        self._loader = jinja2.FileSystemLoader(HERE / "templates")
        self._environment = jinja2.Environment(
            loader=self._loader,
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            iso=iso,
            moment=self.name_moment,
            waited=name_duration,
            span=name_span,
            masked=mask_text,
            emergency=lambda kind: EMERGENCY_NAMES.get(kind, "紧急"),
            channel=lambda channel: CHANNEL_NAMES.get(channel, channel),
            short_id=lambda identifier: identifier[:4].upper(),
            surname=lambda name: name[:1] + "**" if name else "",
        )
        self._environment.globals.update(
            Right=Right, ROLE_NAMES=ROLE_NAMES, Role=Role, city_name=city_name
        )

    def add_templates(self, folder: Path) -> None:
        """Find templates of another door in `folder` too; they extend console/base.html."""
        self._loader.searchpath.append(str(folder))

    def render(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> web.Response:
        """The page as a response."""
        text = self._environment.get_template(
            template if "/" in template else f"console/{template}"
        ).render(values)
        return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)

    def name_moment(self, moment: datetime) -> str:
        """`14:05` today, `昨天 14:05`, `11-20 14:05`, `2025-11-20 14:05`."""
        there, today = to_city(moment), to_city(self._clock.now())
        if there.date() == today.date():
            return f"{there:%H:%M}"
        if there.date() == (today - timedelta(days=1)).date():
            return f"昨天 {there:%H:%M}"
        return f"{there:%m-%d %H:%M}" if there.year == today.year else f"{there:%Y-%m-%d %H:%M}"


def name_duration(seconds: float) -> str:
    """`03:12`, or `1:03:12` from an hour on; never negative."""
    left = max(int(seconds), 0)
    minutes = f"{left % _HOUR // _MINUTE:02d}:{left % _MINUTE:02d}"
    return f"{left // _HOUR}:{minutes}" if left >= _HOUR else minutes


def name_span(span: timedelta) -> str:
    """`2 天 3 小时`, `3 小时 5 分`, `5 分钟`; never negative."""
    minutes = max(int(span.total_seconds()), 0) // _MINUTE
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    return f"{hours} 小时 {minutes % 60} 分" if hours else f"{minutes} 分钟"
