"""Names and codes of districts and subdistricts, as forms and files write them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache

from bot.language.gazetteer import LEXICON_DIR
from hotline.errors import InvalidInput


@cache
def load_divisions() -> Mapping[str, str]:
    """Code → name: 东城区, 东城区东华门街道. Functional areas, which are no townships, are left out."""
    with (LEXICON_DIR / "divisions.csv").open(encoding="utf-8-sig", newline="") as file:
        return {
            row["code"]: f"{row['district']}{row['subdistrict']}"
            for row in csv.DictReader(file)
            if not row["type"].startswith("功能区")
        }


def name_division(code: str) -> str:
    """The name of the division; the code itself when it is not in the list."""
    return load_divisions().get(code, code)


def read_division(raw: str, *, subdistrict: bool) -> str:
    """The code of a division named in full, by its own name if only one has it, or by code."""
    text = raw.strip()
    if not text:
        return ""
    known = {
        code: name for code, name in load_divisions().items() if (len(code) > 6) == subdistrict
    }
    found = [code for code, name in known.items() if text in (code, name)]
    found = found or [code for code, name in known.items() if name.endswith(text)]
    if len(found) != 1:
        what = "街道或乡镇" if subdistrict else "区"
        raise InvalidInput(f"没有找到{what}“{text}”，请写全称，如东城区东华门街道。")
    return found[0]
