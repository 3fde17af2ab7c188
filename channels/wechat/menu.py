"""The Official Account's menu as data: pushed by `hotline wechat menu push`, read when pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from channels.tencent.api import Api
from channels.tencent.tokens import Tokens
from hotline.errors import InvalidInput

MENU = Path(__file__).parent / "data" / "menu.yml"
_MOST_TOP, _MOST_BELOW = 3, 5
_TOP_CHARS, _BELOW_CHARS = 4, 7


def read_menu(path: Path = MENU) -> Sequence[Mapping[str, Any]]:
    """The menu; raises InvalidInput when WeChat would not take it."""
    menu: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    if not 0 < len(menu) <= _MOST_TOP:
        raise InvalidInput("菜单最多三项，至少一项。")
    for entry in menu:
        items = entry.get("items", ())
        if len(entry["name"]) > _TOP_CHARS or len(items) > _MOST_BELOW:
            raise InvalidInput(f"菜单“{entry['name']}”名称过长或下级过多。")
        for item in items or (entry,):
            if len(item["name"]) > _BELOW_CHARS or not (
                {"key", "says"} <= set(item) or "url" in item
            ):
                raise InvalidInput(f"菜单“{item['name']}”名称过长，或缺少 key、says、url。")
    return menu


def meanings(menu: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Key → the words it stands for."""
    items = [item for entry in menu for item in entry.get("items", (entry,))]
    return {item["key"]: item["says"] for item in items if "key" in item}


def to_api(menu: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The menu as the API wants it."""

    def button(item: Mapping[str, Any]) -> dict[str, Any]:
        if "items" in item:
            return {"name": item["name"], "sub_button": [button(each) for each in item["items"]]}
        if "url" in item:
            return {"type": "view", "name": item["name"], "url": item["url"]}
        return {"type": "click", "name": item["name"], "key": item["key"]}

    return {"button": [button(entry) for entry in menu]}


async def push_menu(api: Api, tokens: Tokens) -> int:
    """Make the account show the menu; returns how many entries can be pressed."""
    menu = read_menu()
    await api.post(tokens, "/cgi-bin/menu/create", to_api(menu))
    return len(meanings(menu))
