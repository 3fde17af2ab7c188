"""Places: hours, distances, what is near, files of cities, and how it is told."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from actions.nearby import asks_for_more, wanted_kinds, wants_open, where_of
from cases.draft import Reading
from hotline.errors import TooLarge
from hotline.tables import BadTable, read_rows, write_csv, write_xlsx
from kb.hours import is_open, read_hours
from kb.place_files import Read, Usual, read_places, write_places
from kb.place_telling import describe_place, say_place, tell_distance, tell_line
from kb.places import Near, Place, PlaceIndex, PlaceKind, Where, from_gcj02

DATA = Path(__file__).parent.parent / "data"
SAMPLE = Path("kb/data/places_sample.csv")
MONDAY_NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in the city
MARKET = Place(
    PlaceKind.MARKET,
    "甲菜市场",
    "测试路1号",
    "东城区",
    "和平里街道",
    39.956,
    116.418,
    "6:00-19:00",
    "",
    "测试",
    date(2026, 11, 22),
    id=1,
)
HEADER = "名称,地址,区,街道,纬度,经度,营业时间,电话,数据来源,类型"
ROW = "甲菜市场,测试路1号,东城区,,39.9,116.4,6:00-19:00,,测试,菜市场"


def read(text: str, name: str = "a.csv", usual: Usual | None = None) -> Read:
    return read_places(name, text.encode(), usual or Usual())


# --- hours -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "hour", "opened"),
    [
        ("6:00-19:00", 12, True),
        ("06：00—11：30", 12, False),
        ("周一至周五 9:00-11:00，13:30-17:30；周六 9:00-12:00", 12, False),
        ("周一至周五9:00-17:00", 12, True),
        ("周末 9:00-17:00", 12, False),
        ("工作日 9点到17点30分", 12, True),
        ("24小时", 12, True),
        ("18:00-次日2:00", 12, None),
        ("18:00-2:00", 12, False),
        ("看天气", 12, None),
        ("25:00-26:00", 12, None),
        ("", 12, None),
    ],
)
def test_whether_a_place_is_open(hours: str, hour: int, opened: bool | None) -> None:
    assert is_open(hours, MONDAY_NOON.replace(hour=hour - 8)) is opened


def test_a_night_market_is_open_after_midnight() -> None:
    assert is_open("周日 18:00-2:00", datetime(2026, 11, 22, 17, 0, tzinfo=UTC)) is True
    assert is_open("周一 18:00-2:00", datetime(2026, 11, 22, 17, 0, tzinfo=UTC)) is False


def test_hours_without_a_span_are_not_guessed() -> None:
    assert read_hours("每天") is None


# --- near ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def index() -> PlaceIndex:
    places = read_places(SAMPLE.name, SAMPLE.read_bytes(), Usual()).places
    return PlaceIndex([Place(**{**_values(place), "id": n}) for n, place in enumerate(places, 1)])


def _values(place: Place) -> dict[str, object]:
    return {name: getattr(place, name) for name in Place.__dataclass_fields__}


def names(index: PlaceIndex, kind: PlaceKind, where: Where, only_open: bool = False) -> list[str]:
    found = index.find([kind], where, MONDAY_NOON, only_open=only_open)
    return [near.place.name for near in found.places]


def test_the_nearest_comes_first_and_the_far_ones_are_left_out(index: PlaceIndex) -> None:
    here = Where(lat=39.9605, lon=116.4245)
    assert names(index, PlaceKind.MARKET, here) == ["样例菜市场二", "样例菜市场一"]
    found = index.find([PlaceKind.MARKET], here, MONDAY_NOON)
    assert found.places[0].metres == pytest.approx(70, abs=10)


def test_nothing_in_reach_is_nothing(index: PlaceIndex) -> None:
    assert names(index, PlaceKind.MARKET, Where(lat=40.5, lon=116.9)) == []


def test_by_words_then_subdistrict_then_district(index: PlaceIndex) -> None:
    find = index.find
    by_words = find([PlaceKind.MARKET], Where(words=("样例路3号",)), MONDAY_NOON)
    assert (by_words.by, by_words.places[0].place.name) == ("words", "样例菜市场三")
    street = Where(district="东城区", subdistrict="和平里街道")
    assert find([PlaceKind.MARKET], street, MONDAY_NOON).by == "subdistrict"
    other = Where(district="东城区", subdistrict="东直门街道")
    assert find([PlaceKind.MARKET], other, MONDAY_NOON).by == "district"
    assert find([PlaceKind.MARKET], Where(district="丰台区"), MONDAY_NOON).places == ()


def test_only_what_is_open_now(index: PlaceIndex) -> None:
    assert names(index, PlaceKind.BREAKFAST, Where(district="东城区"))
    assert names(index, PlaceKind.BREAKFAST, Where(district="东城区"), only_open=True) == []


def test_a_position_of_chinese_maps_is_brought_home() -> None:
    lat, lon = from_gcj02(39.908692, 116.397477)
    assert (lat, lon) == (pytest.approx(39.90729, abs=3e-5), pytest.approx(116.39124, abs=3e-5))
    by_wechat = where_of({"lat": 39.908692, "lon": 116.397477}, "wechat")
    assert by_wechat.lat == pytest.approx(lat)
    assert where_of({"lat": 39.9, "lon": 116.3}, "webchat").lat == 39.9


# --- what is wanted --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"), [("附近哪有卖早点的", PlaceKind.BREAKFAST), ("我要买菜", PlaceKind.MARKET)]
)
def test_which_kind_is_wanted(text: str, kind: PlaceKind) -> None:
    assert wanted_kinds("find_market", text) == (kind,)


def test_open_ones_are_wanted() -> None:
    assert wants_open("现在还开着的菜市场")
    assert not wants_open("菜市场几点开门")


@pytest.mark.parametrize(
    ("text", "intent", "more"),
    [
        ("还有别的吗", "ask_policy", True),
        ("再来几个", "inform", True),
        ("远一点的也行", "inform", True),
        ("不用了", "deny", False),
        ("门口还有人摆摊", "report_case", False),
        ("我们小区门口还有两家店天天把桌子摆到便道上", "inform", False),
    ],
)
def test_more_places_are_asked_for(text: str, intent: str, more: bool) -> None:
    assert asks_for_more(Reading(text, intent, 0.9)) is more


# --- telling ---------------------------------------------------------------------------------


def test_a_sentence_for_the_ear_and_a_line_for_the_eye() -> None:
    near = Near(MARKET, 1230.0, True)
    assert say_place(near) == "甲菜市场，在测试路1号，约1.2公里，现在营业。"
    assert "来源：测试，2026年11月22日核对" in tell_line(near)
    card = describe_place(near)
    assert card["map_url"].startswith("https://")
    assert "phone" not in card
    assert tell_distance(20) == "约 50 米"


def test_a_sample_is_always_called_one(index: PlaceIndex) -> None:
    near = Near(index.places[0], None, None)
    assert describe_place(near)["is_sample"] is True
    assert "样例" in tell_line(near)
    assert "样例" in say_place(near)
    assert all(place.is_sample and place.name.startswith("样例") for place in index.places)


# --- files -----------------------------------------------------------------------------------


def test_an_old_workbook_as_cities_publish_it() -> None:
    usual = Usual(PlaceKind.MARKET, "测试文件", date(2026, 11, 22))
    found = read_places("markets.xls", (DATA / "markets.xls").read_bytes(), usual)
    assert [place.name for place in found.places] == ["测试菜市场甲", "测试菜市场乙"]
    assert found.places[0].phone == "1000000001"
    assert found.places[0].source == "测试文件"
    assert {problem.row: problem.text for problem in found.problems if problem.fatal} == {
        5: "缺少名称",
        6: "经度和纬度写反了",
        7: "名称里有网页代码",
        8: "与第 3 行重复",
    }
    doubts = [problem for problem in found.problems if not problem.fatal]
    assert [(doubt.row, "看天气" in doubt.text) for doubt in doubts] == [(4, True)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (ROW.replace("甲菜市场", '"=HYPERLINK(""http://x"")"'), "名称像是公式"),
        (ROW.replace("甲菜市场", "<script>alert(1)</script>"), "名称里有网页代码"),
        (ROW.replace("39.9", "三十九"), "不是数字"),
        (ROW.replace("39.9", "9.9").replace("116.4", "-20"), "不在国内"),
        (ROW.replace("测试,菜市场", ",菜市场"), "缺少数据来源"),
        (ROW.replace("测试,菜市场", "测试,游乐场"), "类型“游乐场”认不出来"),
        (ROW.replace("6:00-19:00,", "6:00-19:00,javascript:1"), "不像电话号码"),
        (ROW.replace("甲菜市场", "长" * 81), "超过 80 个字"),
    ],
)
def test_a_bad_row_is_left_out_and_named(row: str, why: str) -> None:
    found = read(f"{HEADER}\n{row}\n{ROW.replace('甲', '乙')}\n")
    assert [place.name for place in found.places] == ["乙菜市场"]
    assert [problem.row for problem in found.problems] == [2]
    assert why in found.problems[0].text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"\x00\x01\x02"),
        ("a.csv", b"\xff\xff\xff\xff"),
        ("a.csv", '名称,地址\n"没有结束'.encode()),
        ("a.csv", "没有表头\n一,二".encode()),
        ("a.xlsx", b"PK\x03\x04 cut short"),
        ("a.xlsx", (DATA / "markets.xls").read_bytes()),
        ("a.xls", (DATA / "markets.xls").read_bytes()[:700]),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 4096),
        ("a.xlsm", b"PK\x03\x04"),
        ("a.exe", b"MZ"),
    ],
)
def test_a_malformed_file_is_refused_in_words(name: str, data: bytes) -> None:
    with pytest.raises(BadTable) as caught:
        read_places(name, data, Usual())
    assert caught.value.message.startswith(name)


def packed(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name, content)
    return out.getvalue()


def test_macros_are_refused() -> None:
    with pytest.raises(BadTable, match="宏"):
        read_places("a.xlsx", packed(**{"xl/vbaProject.bin": b"x"}), Usual())
    old = (DATA / "markets.xls").read_bytes() + "_VBA_PROJECT".encode("utf-16-le")
    with pytest.raises(BadTable, match="宏"):
        read_places("a.xls", old, Usual())


def test_a_zip_bomb_and_a_huge_upload_are_refused_unopened() -> None:
    bomb = packed(**{"xl/worksheets/sheet1.xml": b"0" * (201 * 1024 * 1024)})
    assert len(bomb) < 1024 * 1024
    with pytest.raises(TooLarge):
        read_places("a.xlsx", bomb, Usual())
    with pytest.raises(TooLarge):
        read_rows("a.csv", bytes(21 * 1024 * 1024), ["名称"])


def test_what_is_exported_runs_nothing_and_comes_back() -> None:
    header, rows = ["名称", "地址"], [["=1+1", "-x"], ["@cmd", "+86"], ["好", "'好"]]
    text = write_csv(header, rows).decode("utf-8-sig")
    assert text.splitlines()[1:3] == ["'=1+1,'-x", "'@cmd,'+86"]
    assert [list(row.cells.values()) for row in read_rows("a.csv", text.encode(), header)] == rows
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(header, rows)))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} == {"s"}
    again = read_rows("a.xlsx", write_xlsx(header, rows), header)
    assert [list(row.cells.values()) for row in again] == rows


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_places_survive_being_written_out(ending: str) -> None:
    places = read_places(SAMPLE.name, SAMPLE.read_bytes(), Usual()).places
    written = write_places(places, ending)
    assert read_places(f"a.{ending}", written, Usual()).places == places
