"""Attacks by files that editors and offices take in: workbooks, CSV, Markdown and ZIP of articles."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import openpyxl
import pytest

from console.door import CSRF_HEADER
from console.models import Role
from console.testing import World, build_world
from hotline.errors import HotlineError, TooLarge
from hotline.tables import BadTable, read_rows, write_csv, write_xlsx
from kb.article_files import read_articles_file
from kb.editing import check_text
from kb.errors import BadArticle
from kb.models import article_to_markdown
from kb.place_files import Usual, read_places
from kb.places import PlaceKind
from tests.contract.test_knowledge import DOGS

NAMES = ("名称", "地址", "区")
SHEET = "xl/worksheets/sheet1.xml"


def workbook(
    change: Callable[[bytes], bytes] = bytes, more: tuple[str, bytes] | None = None
) -> bytes:
    """A workbook of one row, its sheet changed, perhaps with one more part."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(NAMES))
    sheet.append(["甲", "测试路1号", "东城区"])
    plain, out = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry.filename)
            new.writestr(entry.filename, change(data) if entry.filename == SHEET else data)
        if more:
            new.writestr(*more)
    return out.getvalue()


def with_cell(row: int, cell: str, text: bytes) -> Callable[[bytes], bytes]:
    tail = b'<row r="%d"><c r="%s" t="inlineStr"><is><t>%s</t></is></c></row></sheetData>'
    return lambda data: data.replace(b"</sheetData>", tail % (row, cell.encode(), text))


def refuse(name: str, data: bytes) -> str:
    with pytest.raises(HotlineError) as refused:
        read_rows(name, data, NAMES)
    return refused.value.message


# --- workbooks -------------------------------------------------------------------------------


def test_a_plain_workbook_is_read() -> None:
    assert [dict(row.cells) for row in read_rows("a.xlsx", workbook(), NAMES)] == [
        {"名称": "甲", "地址": "测试路1号", "区": "东城区"}
    ]


@pytest.mark.parametrize(
    "part", ["xl/vbaProject.bin", "xl/VBAPROJECT.BIN", "custom/vbaProject.bin"]
)
def test_macros_under_another_ending_are_refused(part: str) -> None:
    assert "宏" in refuse("a.xlsx", workbook(more=(part, b"x")))


def test_a_workbook_with_macros_in_its_name_is_refused() -> None:
    assert "只能导入 csv、xlsx、xls" in refuse("a.xlsm", workbook())


def test_macros_in_an_old_workbook_are_refused() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le")
    assert "宏" in refuse("a.xls", data)


def test_a_zip_bomb_is_refused_by_what_it_announces() -> None:
    bomb = workbook(more=("xl/media/x.bin", bytes(201 * 1024 * 1024)))
    assert len(bomb) < 1024 * 1024
    assert "解压后太大" in refuse("a.xlsx", bomb)


def test_a_zip_bomb_that_announces_little_is_refused() -> None:
    long = b"".join(
        b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c></row>' % (n, n, b"y" * 9_000)
        for n in range(3, 1_000)
    )
    honest = workbook(lambda data: data.replace(b"</sheetData>", long + b"</sheetData>"))
    with zipfile.ZipFile(io.BytesIO(honest)) as package:
        size = package.getinfo(SHEET).file_size
    assert "打不开" in refuse(
        "a.xlsx", honest.replace(struct.pack("<I", size), struct.pack("<I", 999))
    )


@pytest.mark.parametrize(("row", "cell"), [(1_048_576, "XFD1048576"), (49_000, "XFD49000")])
def test_one_cell_far_away_does_not_take_the_memory(row: int, cell: str) -> None:
    assert "打不开" in refuse("a.xlsx", workbook(with_cell(row, cell, b"x")))


def test_entities_that_multiply_are_refused() -> None:
    doctype = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    change = with_cell(3, "A3", b"&b;&b;&b;")
    data = workbook(lambda sheet: change(sheet.replace(b"<worksheet", doctype + b"<worksheet", 1)))
    assert "打不开" in refuse("a.xlsx", data)


@pytest.mark.parametrize("cut", [30, 500, 2000])
def test_a_truncated_workbook_is_refused(cut: int) -> None:
    assert "打不开" in refuse("a.xlsx", workbook()[:-cut])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
        ("a.xls", b"PK\x03\x04" + bytes(600)),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600),
        ("a.csv", b"\x00\x01\x02PK"),
        ("a.csv", '名称,地址\n"甲,乙\n'.encode()),
        ("a.exe", b"MZ"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(name: str, data: bytes) -> None:
    assert refuse(name, data).startswith(name)


# --- cells -----------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_formulas_in_exported_cells_stay_text(formula: str) -> None:
    exported = write_csv(["名称"], [[formula]]).decode("utf-8-sig")
    cell = exported.splitlines()[1].strip('"')
    assert cell.startswith("'")
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(["名称"], [[formula]])))
    sheet = book.active
    assert sheet is not None
    assert sheet["A2"].data_type != "f"


def test_formulas_and_markup_in_a_city_file_are_refused_or_shown_by_row() -> None:
    rows = "名称,地址,区\n=cmd(),路,东城区\n<script>x</script>市场,甲路1号,东城区\n甲市场,,火星区\n"
    read = read_places("a.csv", rows.encode(), Usual(PlaceKind.MARKET, "测试", None, False))
    told = [f"{each.row}" for each in read.problems]
    assert "2" in told
    assert "4" in told
    assert all(not place.name.startswith("=") for place in read.places)


# --- articles --------------------------------------------------------------------------------


def test_a_billion_words_by_references_in_the_head_are_refused() -> None:
    levels = "\n".join(
        f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" if n else "x0: &x0 [哈哈, 哈哈]"
        for n in range(12)
    )
    text = article_to_markdown(DOGS).replace("slug: dog-walking", f"{levels}\nslug: *x11")
    with pytest.raises(BadArticle, match="属性区不是合法的 YAML"):
        check_text(text)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("[" * 3000, id="too deep"),
        "a: !!python/object/apply:os.system [id]",
        "a: 2026-99-99",
    ],
)
def test_a_head_that_is_no_plain_data_is_refused(head: str) -> None:
    with pytest.raises(BadArticle):
        check_text(f"---\n{head}\n---\n文\n")


def test_html_in_an_imported_article_is_refused_with_its_row() -> None:
    header = "slug,title,questions,answer,body,authority,jurisdiction,sources,review_by\n"
    row = 'a-b,题,问,答,<img src=x onerror=alert(1)>,谁,北京市,"[{""law"": ""甲""}]",2027-01-01\n'
    good = 'a-c,题,问,答,文,谁,北京市,"[{""law"": ""甲""}]",2027-01-01\n'
    read = read_articles_file("a.csv", (header + row + good).encode())
    assert [article.slug for article in read.articles] == ["a-c"]
    assert "第 2 行" in read.problems[0]
    assert "网页代码" in read.problems[0]


def test_a_zip_of_articles_that_unpacks_to_much_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("../../etc/a.md", bytes(51 * 1024 * 1024))
    with pytest.raises(BadTable, match="解压后太大"):
        read_articles_file("a.zip", out.getvalue())


def test_a_path_as_the_slug_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        text = article_to_markdown(DOGS).replace("slug: dog-walking", "slug: ../../x")
        package.writestr("../x.md", text)
    read = read_articles_file("a.zip", out.getvalue())
    assert read.articles == ()
    assert "slug" in read.problems[0]


# --- uploads ---------------------------------------------------------------------------------


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("boss", Role.SUPERVISOR, "班长")
    yield world
    await world.close()


@pytest.mark.parametrize("path", ["/console/api/places/imports", "/console/api/kb/imports"])
async def test_two_hundred_megabytes_are_refused_before_they_have_come(
    world: World, path: str
) -> None:
    boss = await world.log_in("boss")
    sent = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 1
            yield bytes(1024 * 1024)

    headers = {CSRF_HEADER: boss.csrf}
    answer = await boss.client.post(path, params={"name": "a.csv"}, data=stream(), headers=headers)
    assert answer.status == 413
    assert "20 MB" in (await answer.json())["error"]["message"]
    assert sent < 100


def test_the_bound_is_that_of_the_files() -> None:
    with pytest.raises(TooLarge):
        read_rows("a.csv", bytes(20 * 1024 * 1024 + 1), NAMES)
