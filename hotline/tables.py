"""Tables that cities publish and offices fill in: CSV, XLSX and old XLS, read and written safely.

A file is bounded before it is opened, must be what its name says, and may hold no macros; workbooks
are opened in a process apart (hotline/workbook.py). Cells are text; a formula gives its last value and is never worked out. What is written can be opened in
a spreadsheet without any cell becoming a formula.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import openpyxl
from openpyxl.cell import WriteOnlyCell

from hotline.errors import InvalidInput, TooLarge
from hotline.workbook import MOST_SECONDS, TOO_MANY_ROWS

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 50_000
_MOST_COLUMNS = 60
_MOST_UNPACKED = 200 * 1024 * 1024
_LONGEST_CELL = 20_000
_HEADER_WITHIN = 10
_XLS, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_VBA = "_VBA_PROJECT".encode("utf-16-le")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class BadTable(InvalidInput):
    """The file cannot be read as a table; the message says why and what to do."""

    code = "bad_table"


@dataclass(frozen=True, slots=True)
class Row:
    """One row under the header: its number as a spreadsheet shows it, and cells by column name."""

    number: int
    cells: Mapping[str, str]


def check_size(size: int) -> None:
    """Raise TooLarge when a file of so many bytes is not even opened."""
    if size > MOST_BYTES:
        raise TooLarge(f"文件超过 {MOST_BYTES // 1024 // 1024} MB，请拆成几份再导入。")


def read_rows(
    name: str, data: bytes, names: Iterable[str], example: str = "名称、地址"
) -> list[Row]:
    """The rows of the first sheet; raises BadTable or TooLarge.

    The header is the first of the top rows in which at least two of `names` stand: published
    files begin with a title. Empty rows are left out. `example` names columns in the refusal.
    """
    check_size(len(data))
    lines = _read_lines(name, data)
    known = set(names)
    at = next(
        (n for n, line in enumerate(lines[:_HEADER_WITHIN]) if len(known & set(line)) > 1), None
    )
    if at is None:
        raise BadTable(
            f"{name}：前 {_HEADER_WITHIN} 行里没有找到表头，请保留“{example}”这样的列名。"
        )
    header = lines[at]
    rows = []
    for number, line in enumerate(lines[at + 1 :], at + 2):
        cells = {column: cell for column, cell in zip(header, line, strict=False) if column}
        if any(cells.values()):
            rows.append(Row(number, cells))
    return rows


def _read_lines(name: str, data: bytes) -> list[list[str]]:
    ending = name.rpartition(".")[2].casefold()
    if ending == "csv":
        lines = _read_csv(name, data)
    elif ending in ("xls", "xlsx"):
        lines = _read_workbook(name, data, _XLS if ending == "xls" else _ZIP)
    else:
        raise BadTable(f"{name}：只能导入 csv、xlsx、xls 文件。")
    if len(lines) > MOST_ROWS:
        raise TooLarge(f"{name}：超过 {MOST_ROWS} 行，请拆成几份再导入。")
    return [[_trim(cell) for cell in line[:_MOST_COLUMNS]] for line in lines]


def _read_csv(name: str, data: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise BadTable(f"{name}：文字编码认不出来，请另存为 UTF-8 的 CSV。")
    if "\x00" in text:
        raise BadTable(f"{name}：这不是文本文件。")
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadTable(f"{name}：CSV 的引号或换行不完整，请重新另存一次。") from error


def _read_workbook(name: str, data: bytes, signature: bytes) -> list[list[str]]:
    if not data.startswith(signature):
        raise BadTable(f"{name}：内容与扩展名不符，请用表格软件重新另存。")
    if signature == _ZIP:
        _check_package(name, data)
    elif _VBA in data:
        raise BadTable(f"{name}：文件里有宏，为安全起见不导入。请另存为不含宏的表格。")
    command = [sys.executable, "-m", "hotline.workbook", str(MOST_ROWS)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no words of the file among them
            command, input=data, capture_output=True, timeout=MOST_SECONDS + 5, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BadTable(f"{name}：太久没有读完，请拆成几份再导入。") from error
    if done.returncode == TOO_MANY_ROWS:
        raise TooLarge(f"{name}：超过 {MOST_ROWS} 行，请拆成几份再导入。")
    if done.returncode != 0:
        raise BadTable(
            f"{name}：文件已损坏、设有密码，或表格大得打不开。请只留要导入的行和列，重新另存。"
        )
    rows: list[list[str]] = json.loads(done.stdout)
    return rows


def _check_package(name: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError) as error:
        raise BadTable(f"{name}：文件已损坏，打不开。") from error
    if any("vbaproject" in entry.filename.casefold() for entry in entries):
        raise BadTable(f"{name}：文件里有宏，为安全起见不导入。请另存为不含宏的表格。")
    if sum(entry.file_size for entry in entries) > _MOST_UNPACKED or len(entries) > 2000:
        raise TooLarge(f"{name}：解压后太大，不导入。")


def _trim(cell: str) -> str:
    text = cell.strip()[:_LONGEST_CELL]
    # what write_csv put before a sign, taken away again
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS) else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with a mark, as spreadsheets want it; a cell that looks like a formula gets a '."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([disarm(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def disarm(cell: str) -> str:
    """The cell of a CSV file so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of text cells: nothing in it is a formula."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("导出")
    for row in (header, *rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", value))
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
