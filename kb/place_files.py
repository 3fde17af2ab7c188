"""Places in files: which columns mean what, what is wrong with a row, and the way back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from bot.language.gazetteer import load_gazetteer
from hotline.tables import BadTable, Row, read_rows, write_csv, write_xlsx
from kb.hours import read_hours
from kb.places import KIND_NAMES, Place, PlaceKind, move_from_gcj02

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "kind": ("类型", "类别", "kind"),
    "name": ("名称", "菜市场名称", "市场名称", "早餐点名称", "单位名称", "机构名称", "执法队名称",
             "网点名称", "点位名称", "name"),
    "address": ("地址", "详细地址", "办公地址", "所在地址", "单位地址", "address"),
    "district": ("区", "区县", "所属区", "所属区县", "行政区", "所在区", "district"),
    "subdistrict": ("街道", "街乡", "街道乡镇", "街道（乡镇）", "所属街道", "所在街道", "subdistrict"),
    "lat": ("纬度", "Y坐标", "lat", "latitude"),
    "lon": ("经度", "X坐标", "lon", "lng", "longitude"),
    "hours": ("营业时间", "开放时间", "办公时间", "服务时间", "hours"),
    "phone": ("电话", "联系电话", "咨询电话", "办公电话", "phone"),
    "source": ("数据来源", "来源", "source"),
    "checked_on": ("核对日期", "核实日期", "更新日期", "checked_on"),
    "is_sample": ("样例", "是否样例", "is_sample"),
}  # fmt: skip
_EXPORTED = tuple(names[0] for names in COLUMNS.values())
_LONGEST = {"name": 80, "address": 160, "hours": 120, "phone": 60, "source": 160}
_MARKUP = re.compile(r"<\s*[a-zA-Z/!]")
_PHONE = re.compile(r"[0-9０-９+()（）\-—、,，;；/ 转分机]{3,60}")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_CHINA = ((3.0, 54.0), (73.0, 136.0))  # degrees north, degrees east
_YES = frozenset({"是", "1", "true", "样例", "y", "yes"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row; a `fatal` one keeps the row out."""

    row: int
    text: str
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Read:
    """A file as read: places that can be taken in, and what is wrong with rows."""

    places: tuple[Place, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds for every row that does not say otherwise."""

    kind: PlaceKind | None = None
    source: str = ""
    checked_on: date | None = None
    gcj02: bool = False
    """Positions are of Chinese maps and must be turned into WGS-84."""


class _BadCell(Exception):
    """A cell that keeps its row out; the text is for the person who imports."""


def read_places(name: str, data: bytes, usual: Usual) -> Read:
    """The places of a file; raises BadTable or TooLarge when it cannot be read at all."""
    rows = read_rows(name, data, {title for titles in COLUMNS.values() for title in titles})
    if not rows:
        raise BadTable(f"{name}：表头下面没有数据。")
    places: list[Place] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for row in rows:
        try:
            place, doubts = _read_row(row, usual)
        except _BadCell as error:
            problems.append(Problem(row.number, str(error)))
            continue
        if place.key in seen:
            problems.append(Problem(row.number, f"与第 {seen[place.key]} 行重复"))
            continue
        seen[place.key] = row.number
        places.append(place)
        problems += [Problem(row.number, doubt, fatal=False) for doubt in doubts]
    return Read(tuple(places), tuple(problems))


def _read_row(row: Row, usual: Usual) -> tuple[Place, list[str]]:
    cells = {field: _first(row.cells, titles) for field, titles in COLUMNS.items()}
    for field, text in cells.items():
        _check_text(field, text)
    if not cells["name"]:
        raise _BadCell("缺少名称")
    if not cells["address"] and not cells["lat"]:
        raise _BadCell("地址和经纬度至少要有一个")
    source = cells["source"] or usual.source
    if not source:
        raise _BadCell("缺少数据来源：没有来源的点位不给市民看")
    lat, lon = _read_position(cells["lat"], cells["lon"])
    district, subdistrict = _read_division(cells)
    place = Place(
        kind=_read_kind(cells["kind"], usual.kind),
        name=cells["name"],
        address=cells["address"],
        district=district,
        subdistrict=subdistrict,
        lat=lat,
        lon=lon,
        hours=cells["hours"],
        phone=cells["phone"],
        source=source,
        checked_on=_read_day(cells["checked_on"]) or usual.checked_on,
        is_sample=cells["is_sample"].casefold() in _YES,
    )
    return (move_from_gcj02(place) if usual.gcj02 else place), _doubts(place)


def _doubts(place: Place) -> list[str]:
    doubts = []
    if place.hours and read_hours(place.hours) is None:
        doubts.append(f"营业时间“{place.hours}”看不懂，会照原样显示，不判断是否在营业")
    if not place.district:
        doubts.append("没有写区，地址里也看不出来，按地名查不到它")
    return doubts


def _first(cells: Mapping[str, str], titles: Sequence[str]) -> str:
    return next((cells[title] for title in titles if cells.get(title)), "")


def _check_text(field: str, text: str) -> None:
    title = COLUMNS[field][0]
    if _MARKUP.search(text):
        raise _BadCell(f"{title}里有网页代码")
    if text.startswith(("=", "@")):
        raise _BadCell(f"{title}像是公式，请改成文字")
    if not text.isprintable():
        raise _BadCell(f"{title}里有换行或看不见的字符")
    if len(text) > _LONGEST.get(field, 60):
        raise _BadCell(f"{title}超过 {_LONGEST.get(field, 60)} 个字")
    if field == "phone" and text and not _PHONE.fullmatch(text):
        raise _BadCell(f"电话“{text}”不像电话号码")


def _read_kind(text: str, usual: PlaceKind | None) -> PlaceKind:
    for kind, name in KIND_NAMES.items():
        if text and (text == kind.value or name in text or text in name):
            return kind
    if text and usual is None:
        raise _BadCell(f"类型“{text}”认不出来，可写：{'、'.join(KIND_NAMES.values())}")
    if usual is None:
        raise _BadCell("没有写类型，导入时也没有选")
    return usual


def _read_position(lat: str, lon: str) -> tuple[float | None, float | None]:
    if not lat and not lon:
        return None, None
    try:
        north, east = float(lat), float(lon)
    except ValueError:
        raise _BadCell(f"经纬度“{lon}，{lat}”不是数字") from None
    (south, top), (west, right) = _CHINA
    if south <= east <= top and west <= north <= right:
        raise _BadCell("经度和纬度写反了")
    if not (south <= north <= top and west <= east <= right):
        raise _BadCell(f"经纬度“{lon}，{lat}”不在国内")
    return north, east


def _read_day(text: str) -> date | None:
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        return date(*map(int, match.groups())) if match else date.fromisoformat(text)
    except ValueError:
        raise _BadCell(f"核对日期“{text}”应写成 2026-11-22 这样") from None


def _read_division(cells: Mapping[str, str]) -> tuple[str, str]:
    """District and subdistrict by their full names, out of their cells or else the address."""
    district = subdistrict = ""
    told = f"{cells['district']} {cells['subdistrict']} {cells['address']}"
    for hit in _gazetteer().find(told, lambda start, end: True):
        fitting = [each for each in hit.divisions if district in ("", each.district)]
        if hit.kind == "district":
            district = district or hit.divisions[0].district
        elif hit.kind == "subdistrict" and len(fitting) == 1 and not subdistrict:
            district, subdistrict = fitting[0].district, fitting[0].subdistrict or ""
    return district or cells["district"], subdistrict or cells["subdistrict"]


_gazetteer = cache(load_gazetteer)


def write_places(places: Sequence[Place], format: str) -> bytes:
    """The places as `csv` or `xlsx`, in columns that `read_places` reads back."""
    rows = [_row_of(place) for place in places]
    return write_xlsx(_EXPORTED, rows) if format == "xlsx" else write_csv(_EXPORTED, rows)


def _row_of(place: Place) -> list[str]:
    return [
        KIND_NAMES[place.kind],
        place.name,
        place.address,
        place.district,
        place.subdistrict,
        "" if place.lat is None else f"{place.lat:.6f}",
        "" if place.lon is None else f"{place.lon:.6f}",
        place.hours,
        place.phone,
        place.source,
        place.checked_on.isoformat() if place.checked_on else "",
        "是" if place.is_sample else "",
    ]
