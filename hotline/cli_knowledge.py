"""`hotline kb` and `hotline places`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hotline.settings import with_secret_key
from hotline.terminal import DataDir, map_lines, quiet_settings, say

kb = typer.Typer(help="知识库", no_args_is_help=True)
places = typer.Typer(help="便民点和办事机构", no_args_is_help=True)


@kb.command("search")
def kb_search(
    k: Annotated[int, typer.Option("-k", help="返回几条")] = 5, data_dir: DataDir = None
) -> None:
    """检索知识库：标准输入每行一个 {"query": …}。"""
    from hotline.searching import open_knowledge

    settings = with_secret_key(quiet_settings(data_dir))

    async def run() -> None:
        async with open_knowledge(settings) as search:
            map_lines(lambda item: search(item, k))

    asyncio.run(run())


@kb.command("import")
def kb_import(
    path: Annotated[Path, typer.Argument(help="md、zip、csv、xlsx 文件，或装着 md 的文件夹")],
    publish_as: Annotated[
        str, typer.Option(help="审核人：直接以此人的名义发布；不写则只提交审核")
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """导入知识条目，默认提交审核。"""
    from hotline.article_files import import_articles

    settings = with_secret_key(quiet_settings(data_dir))
    for line in asyncio.run(import_articles(settings, path, publish_as)):
        say(line)


@kb.command("export")
def kb_export(
    path: Annotated[Path, typer.Argument(help="文件夹（一篇一个 md），或 zip、csv、xlsx 文件")],
    data_dir: DataDir = None,
) -> None:
    """导出全部知识条目。"""
    from hotline.article_files import export_articles

    settings = with_secret_key(quiet_settings(data_dir))
    say(f"已导出 {asyncio.run(export_articles(settings, path))} 篇到 {path}")


@kb.command("fit")
def kb_fit(data_dir: DataDir = None) -> None:
    """重新计算检索的排序和置信度权重（维护人员使用）。"""
    from hotline.searching import fit_weights

    for line in asyncio.run(fit_weights(with_secret_key(quiet_settings(data_dir)))):
        say(line)


@places.command("import")
def places_import(
    file: Annotated[Path, typer.Argument(help="csv、xlsx 或 xls 文件")],
    kind: Annotated[
        str, typer.Option(help="表里没有类型列时：market、breakfast、team 或 office")
    ] = "",
    source: Annotated[str, typer.Option(help="表里没有来源列时：数据来自哪里")] = "",
    checked_on: Annotated[str, typer.Option(help="表里没有核对日期列时，如 2026-11-22")] = "",
    gcj02: Annotated[bool, typer.Option(help="坐标取自国内地图，需要换算")] = False,
    replace_all: Annotated[
        bool, typer.Option("--replace", help="文件里没有的同类点位下线")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="只检查，不导入")] = False,
    data_dir: DataDir = None,
) -> None:
    """导入点位：先逐行检查，有问题的行跳过并说明。"""
    from hotline.place_files import import_places, read_usual

    settings = with_secret_key(quiet_settings(data_dir))
    usual = read_usual(kind, source, checked_on, gcj02)
    for line in asyncio.run(
        import_places(settings, file, usual, replaces=replace_all, dry_run=dry_run)
    ):
        say(line)


@places.command("export")
def places_export(
    file: Annotated[Path, typer.Argument(help="写到这个 csv 或 xlsx 文件")],
    data_dir: DataDir = None,
) -> None:
    """导出全部点位。"""
    from hotline.place_files import export_places

    settings = with_secret_key(quiet_settings(data_dir))
    say(f"已导出 {asyncio.run(export_places(settings, file))} 个点位到 {file}")
