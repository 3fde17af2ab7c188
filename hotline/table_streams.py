"""Tables too long to hold: CSV and XLSX written row by row, in constant memory.

As in hotline.tables, nothing that is written becomes a formula.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from xml.sax.saxutils import escape  # writes only

from hotline.tables import disarm

CHUNK = 64 * 1024
SHEET_ROWS = 1_048_575
"""What a sheet holds below its header."""
_TOO_MANY = "超过表格的行数上限，请改用 CSV 导出。"
_ILLEGAL = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_MIME}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_MIME}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_SHEET}" xmlns:r="{_DOCUMENT}">'
    '<sheets><sheet name="导出" sheetId="1" r:id="r1"/></sheets></workbook>',
}


async def stream_csv(
    header: Sequence[str], rows: AsyncIterator[Sequence[str]]
) -> AsyncIterator[bytes]:
    """UTF-8 with a mark, in pieces of about 64 KB."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(header)
    async for row in rows:
        writer.writerow([disarm(cell) for cell in row])
        if out.tell() > CHUNK:
            yield _take(out).encode()
    yield _take(out).encode()


async def stream_xlsx(
    header: Sequence[str], rows: AsyncIterator[Sequence[str]]
) -> AsyncIterator[bytes]:
    """A workbook of one sheet of text cells; the archive is written as it is sent."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in _PARTS.items():
            package.writestr(name, text)
        with package.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{_XML}<worksheet xmlns="{_SHEET}"><sheetData>'.encode())
            sheet.write(_sheet_row(header))
            written = 0
            async for row in rows:
                if written == SHEET_ROWS - 1:
                    sheet.write(_sheet_row([_TOO_MANY]))
                    break
                sheet.write(_sheet_row(row))
                written += 1
                if len(pipe.held) > CHUNK:
                    yield pipe.take()
            sheet.write(b"</sheetData></worksheet>")
    yield pipe.take()


def _sheet_row(row: Sequence[str]) -> bytes:
    cells = (
        f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_ILLEGAL.sub("", cell))}</t></is></c>'
        if cell
        else "<c/>"
        for cell in row
    )
    return f"<row>{''.join(cells)}</row>".encode()


def _take(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text


class _Pipe(io.RawIOBase):
    """What the archive writes waits here to be sent; it cannot go back, so nothing is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self.held += piece
        return len(piece)

    def take(self) -> bytes:
        data = bytes(self.held)
        self.held.clear()
        return data
