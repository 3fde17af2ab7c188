"""What cases to look for, and how a page goes on: plain types, read from a query string."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from bot.language.phones import read_phones
from cases.models import Case, CaseKind, CaseStatus
from hotline.errors import InvalidInput

MOST_ROWS = 200
USUAL_ROWS = 30
LONGEST_TEXT = 100
LONGEST_PHONE = 24
_NUMBER = re.compile(r"20\d{6,14}")
_CODE = re.compile(r"\d{2}|\d{5}")
_AREA = re.compile(r"\d{6,12}")
_NAME = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions that must all hold; an empty one does not matter.

    `number` may be its beginning (`20261122` is a day), `category` a code or the two digits of
    a major class, `since` and `until` are days of the city, both included. `after` is where the
    page before ended.
    """

    number: str = ""
    phone: str = ""
    text: str = ""
    category: str = ""
    kind: CaseKind | None = None
    statuses: tuple[CaseStatus, ...] = ()
    unit: str = ""
    district: str = ""
    subdistrict: str = ""
    channel: str = ""
    since: date | None = None
    until: date | None = None
    emergency: bool = False
    overdue: bool = False
    """Still open, not paused, past its due moment."""
    open: bool | None = None
    by_due: bool = False
    """Open cases, the soonest due first, instead of all, the newest first."""
    after: str = ""
    limit: int = USUAL_ROWS


@dataclass(frozen=True, slots=True)
class Found:
    """One page of cases, without histories; `next` goes into the following search's `after`."""

    cases: Sequence[Case]
    next: str = ""


def read_search(query: Mapping[str, str]) -> Search:
    """The search a query string asks for; raises InvalidInput naming what is wrong.

    `q` is one box for everything: digits are a number or a phone, the rest is text.
    """
    number, phone, text = _read_words(query)
    raw_statuses = [each for each in query.get("status", "").split(",") if each]
    try:
        statuses = tuple(CaseStatus(each) for each in raw_statuses)
        kind = CaseKind(query["kind"]) if query.get("kind") else None
    except ValueError:
        raise InvalidInput("没有这种状态或类型。") from None
    order = query.get("order") or "newest"
    if order not in ("newest", "due"):
        raise InvalidInput("order 应是 newest 或 due。")
    search = Search(
        number=number,
        phone=phone,
        text=text,
        category=_read(query, "category", _CODE, "category 应是五位类别代码或两位大类代码。"),
        kind=kind,
        statuses=statuses,
        unit=query.get("unit", "").strip()[:LONGEST_TEXT],
        district=_read(query, "district", _AREA, "district 应是行政区划代码。"),
        subdistrict=_read(query, "subdistrict", _AREA, "subdistrict 应是行政区划代码。"),
        channel=_read(query, "channel", _NAME, "channel 应是渠道的英文名。"),
        since=_read_day(query, "since"),
        until=_read_day(query, "until"),
        emergency=_read_flag(query, "emergency") or False,
        overdue=_read_flag(query, "overdue") or False,
        open=_read_flag(query, "open"),
        by_due=order == "due",
        after=query.get("after", ""),
        limit=_read_limit(query),
    )
    if search.after:
        read_place(search)
    if search.by_due and search.text:
        raise InvalidInput("按期限排列时不能同时按文字搜索。")
    return search


def read_place(search: Search) -> tuple[datetime | None, str]:
    """Where the page before ended: (due moment when that is the order, case number)."""
    due, _, number = search.after.rpartition("~")
    if _NUMBER.fullmatch(number) and bool(due) is search.by_due:
        try:
            return (datetime.fromtimestamp(int(due) / 1e6, UTC) if due else None), number
        except (ValueError, OverflowError, OSError):
            pass
    raise InvalidInput("after 应原样取自上一页的 next。")


def name_place(search: Search, last: Case) -> str:
    """The `after` of the page that follows `last`."""
    if not search.by_due or last.due_at is None:
        return last.case_number
    return f"{round(last.due_at.timestamp() * 1e6)}~{last.case_number}"


def _read_words(query: Mapping[str, str]) -> tuple[str, str, str]:
    box = query.get("q", "").strip()
    number = query.get("number", "").strip()
    phone = query.get("phone", "").strip()
    text = query.get("text", "").strip()
    if box and _NUMBER.fullmatch(box):
        number = box
    elif phones := read_phones(box):
        phone = str(phones[0].value)
    elif box:
        text = box
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"搜索的文字最多 {LONGEST_TEXT} 字。")
    if number and not _NUMBER.fullmatch(number):
        raise InvalidInput("number 应是工单号，或工单号开头的日期。")
    if len(phone) > LONGEST_PHONE:
        raise InvalidInput("phone 应是一个电话号码。")
    return number, phone, text


def _read(query: Mapping[str, str], name: str, form: re.Pattern[str], told: str) -> str:
    value = query.get(name, "").strip()
    if value and not form.fullmatch(value):
        raise InvalidInput(told)
    return value


def _read_day(query: Mapping[str, str], name: str) -> date | None:
    raw = query.get(name, "").strip()
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError:
        raise InvalidInput(f"{name} 应是日期，如 2026-11-22。") from None


def _read_flag(query: Mapping[str, str], name: str) -> bool | None:
    raw = query.get(name, "").strip()
    if raw not in ("", "0", "1"):
        raise InvalidInput(f"{name} 应是 0 或 1。")
    return raw == "1" if raw else None


def _read_limit(query: Mapping[str, str]) -> int:
    raw = query.get("limit", "").strip() or str(USUAL_ROWS)
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw[:9]) <= MOST_ROWS):
        raise InvalidInput(f"limit 应是 1 到 {MOST_ROWS} 的整数。")
    return int(raw)
