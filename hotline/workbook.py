"""Reads one workbook's first sheet in a process of its own: `python -m hotline.workbook MOST_ROWS`.

The file comes on stdin, rows of text leave as JSON on stdout. A single cell far away makes a reader
reserve a table of millions of columns and rows; without memory it ends the whole process. So the
process is one that nothing else lives in, with bounds on memory and time.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from datetime import date, datetime
from typing import Any

import python_calamine

TOO_MANY_ROWS = 3
"""The exit code for a sheet of more rows than are read; any other but 0 is a file not readable."""
MOST_MEMORY = 2 * 1024**3
MOST_SECONDS = 30


def as_text(cell: Any) -> str:
    """A cell as somebody reads it; a formula has its last value."""
    if isinstance(cell, bool):
        return "是" if cell else ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))  # a telephone number in a numeric cell
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def main() -> int:
    """Read stdin, write stdout; returns the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most_rows = int(sys.argv[1])
    book = python_calamine.load_workbook(io.BytesIO(sys.stdin.buffer.read()))
    sheet = book.get_sheet_by_index(0)
    if sheet.total_height > most_rows:
        return TOO_MANY_ROWS
    rows = [[as_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    json.dump(rows, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
