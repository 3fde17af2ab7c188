"""Articles in files: Markdown with front matter (alone or many in a ZIP), CSV and XLSX."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotline.tables import BadTable, check_size, read_rows, write_csv, write_xlsx
from kb.editing import check_text
from kb.errors import BadArticle
from kb.models import Article, article_from_data, article_to_data, article_to_markdown

COLUMNS = (
    "slug", "title", "questions", "answer", "body", "authority", "jurisdiction", "sources",
    "review_by", "valid_from", "valid_to", "reviewed_on", "owner", "tags", "categories",
)  # fmt: skip
_LISTS = ("questions", "tags", "categories")
_MOST_FILES, _MOST_UNPACKED = 5_000, 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadArticles:
    """What a file holds: articles, and one sentence about each that cannot be taken."""

    articles: tuple[Article, ...]
    problems: tuple[str, ...]


def read_articles_file(name: str, data: bytes) -> ReadArticles:
    """The articles of a .md, .zip, .csv, .xlsx or .xls file; raises BadTable when unreadable."""
    check_size(len(data))
    ending = name.rpartition(".")[2].casefold()
    if ending == "md":
        texts = {name: data}
    elif ending == "zip":
        texts = _unpack(name, data)
    else:
        return _read_table(name, data)
    articles, problems = [], []
    for each, raw in texts.items():
        try:
            articles.append(check_text(raw.decode("utf-8")))
        except UnicodeDecodeError:
            problems.append(f"{each}：不是 UTF-8 文本")
        except BadArticle as error:
            problems.append(f"{each}：{error.message}")
    return ReadArticles(tuple(articles), tuple(problems))


def _unpack(name: str, data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = [each for each in package.infolist() if each.filename.endswith(".md")]
            if len(entries) > _MOST_FILES or sum(e.file_size for e in entries) > _MOST_UNPACKED:
                raise BadTable(f"{name}：解压后太大，不导入。")
            return {each.filename: package.read(each) for each in entries}
    except (zipfile.BadZipFile, RuntimeError, ValueError, NotImplementedError) as error:
        raise BadTable(f"{name}：文件已损坏或设有密码，打不开。") from error


def _read_table(name: str, data: bytes) -> ReadArticles:
    articles, problems = [], []
    for row in read_rows(name, data, COLUMNS):
        try:
            article = article_from_data(_data_of(row.cells), f"第 {row.number} 行")
            articles.append(check_text(article_to_markdown(article)))
        except BadArticle as error:
            where = (
                ""
                if error.message.startswith("第") and "行：" in error.message
                else f"第 {row.number} 行："
            )
            problems.append(f"{where}{error.message}")
    return ReadArticles(tuple(articles), tuple(problems))


def _data_of(cells: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {key: cells.get(key) or None for key in COLUMNS}
    for key in _LISTS:
        data[key] = [line for line in (data[key] or "").splitlines() if line.strip()]
    try:
        data["sources"] = json.loads(data["sources"] or "[]")
    except (ValueError, RecursionError):
        raise BadArticle("sources 应是 JSON 列表") from None
    return data


def write_articles(articles: Sequence[Article], ending: str) -> bytes:
    """The articles as `zip` (Markdown), `csv` or `xlsx`, as `read_articles_file` reads them."""
    if ending == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            for article in articles:
                package.writestr(f"{article.slug}.md", article_to_markdown(article))
        return out.getvalue()
    rows = [_row_of(article) for article in articles]
    return write_xlsx(COLUMNS, rows) if ending == "xlsx" else write_csv(COLUMNS, rows)


def _row_of(article: Article) -> list[str]:
    data = article_to_data(article)
    for key in _LISTS:
        data[key] = "\n".join(data[key])
    data["sources"] = json.dumps(data["sources"], ensure_ascii=False)
    return [str(data[key] or "") for key in COLUMNS]
