"""`hotline cases` and `hotline keys`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.errors import InvalidInput, Unavailable
from hotline.settings import with_secret_key
from hotline.terminal import DataDir, quiet_settings, say

if TYPE_CHECKING:
    from hotline.retention import Erased, Retention

cases = typer.Typer(help="工单", no_args_is_help=True)
keys = typer.Typer(help="其他系统调用接口的密钥", no_args_is_help=True)


@cases.command("export")
def cases_export(
    file: Annotated[Path, typer.Argument(help="写到这个 csv 或 xlsx 文件")],
    since: Annotated[str, typer.Option(help="登记日期从，如 2026-11-01")] = "",
    until: Annotated[str, typer.Option(help="登记日期到（含）")] = "",
    status: Annotated[str, typer.Option(help="状态，多个用逗号隔开，如 handling,deferred")] = "",
    category: Annotated[str, typer.Option(help="五位类别代码，或两位大类")] = "",
    personal: Annotated[bool, typer.Option(help="包含联系人和电话（记入审计）")] = False,
    data_dir: DataDir = None,
) -> None:
    """导出工单；默认不含个人信息。"""
    from cases.finding import read_search
    from hotline.case_files import export_cases

    search = read_search({"since": since, "until": until, "status": status, "category": category})
    settings = with_secret_key(quiet_settings(data_dir))
    count = asyncio.run(export_cases(settings, file, search, personal))
    say(f"已导出 {count} 张工单到 {file}")


@keys.command("add")
def keys_add(
    name: Annotated[str, typer.Argument(help="给哪个系统用，如 12345平台")],
    scope: Annotated[list[str], typer.Option(help="权限，可写多次，如 --scope cases:read")],
    data_dir: DataDir = None,
) -> None:
    """新增一个密钥，只显示一次。"""
    from hotline.api_keys import read_scopes
    from hotline.audit import SYSTEM
    from hotline.case_files import open_keys

    settings = with_secret_key(quiet_settings(data_dir))

    async def run() -> str:
        async with open_keys(settings) as found:
            return await found.issue(name, read_scopes(scope), SYSTEM)

    say(f"密钥 {asyncio.run(run())}（只显示这一次）")


@keys.command("list")
def keys_list(data_dir: DataDir = None) -> None:
    """列出全部密钥（不含密钥本身）。"""
    from hotline.case_files import open_keys
    from hotline.clock import iso

    settings = with_secret_key(quiet_settings(data_dir))

    async def run() -> list[str]:
        async with open_keys(settings) as found:
            return [
                f"{key.id}  {'已停用' if key.revoked_at else '可用'}  {iso(key.created_at)}  "
                f"{key.name}  {' '.join(sorted(key.scopes))}"
                for key in await found.list_keys()
            ]

    for line in asyncio.run(run()):
        say(line)


@keys.command("revoke")
def keys_revoke(
    identifier: Annotated[str, typer.Argument(help="密钥编号，见 hotline keys list")],
    data_dir: DataDir = None,
) -> None:
    """停用一个密钥，马上生效。"""
    from hotline.audit import SYSTEM
    from hotline.case_files import open_keys

    settings = with_secret_key(quiet_settings(data_dir))

    async def run() -> None:
        async with open_keys(settings) as found:
            await found.revoke(identifier, SYSTEM)

    asyncio.run(run())
    say(f"密钥 {identifier} 已停用。")


@cases.command("retain")
def cases_retain(data_dir: DataDir = None) -> None:
    """删除已到保存期限的工单中的个人信息。"""
    from hotline.audit import SYSTEM

    async def run(retention: Retention) -> Erased:
        return await retention.retain(SYSTEM)

    erased = _forget(data_dir, run)
    say(f"已处理 {erased.cases} 张工单、{erased.conversations} 个会话。")
    _say_what_is_left(erased)


@cases.command("erase")
def cases_erase(data_dir: DataDir = None) -> None:
    """删除一个人的全部信息：从标准输入读电话号码或微信 openid，以免留在命令记录里。"""
    from hotline.audit import SYSTEM

    phone = sys.stdin.readline().strip()
    number = phone.isdigit() and len(phone) <= 12
    account = phone.replace("-", "_").isidentifier() and len(phone) >= 16
    if not (phone.isascii() and 7 <= len(phone) <= 128 and (number or account)):
        raise InvalidInput("请输入一个电话号码（只含数字）或一个 openid。")

    async def run(retention: Retention) -> Erased:
        return await retention.erase_person(phone, SYSTEM)

    erased = _forget(data_dir, run)
    say(f"已删除：{erased.cases} 张工单、{erased.conversations} 个会话中的个人信息。")
    _say_what_is_left(erased)


def _say_what_is_left(erased: Erased) -> None:
    if erased.files_left:
        raise Unavailable(
            f"存储不可用，还有 {erased.files_left} 个文件没有删掉；"
            "恢复后再运行 hotline cases retain，会接着删。"
        )


def _forget(data_dir: Path | None, run: Callable[[Retention], Awaitable[Erased]]) -> Erased:
    from conversations.media import open_media
    from hotline.clock import SystemClock
    from hotline.db import Database
    from hotline.dialogue_memory import DialogueMemory
    from hotline.migrate import upgrade_database
    from hotline.privacy import Vault
    from hotline.retention import Retention

    settings = with_secret_key(quiet_settings(data_dir))

    async def work() -> Erased:
        db = Database(settings.effective_database_url)
        memory = DialogueMemory.open(settings)
        try:
            await upgrade_database(db)
            clock, vault = SystemClock(), Vault(settings.secret_key)
            recordings = settings.media_dir / "calls"
            async with open_media(settings, db, clock) as media:
                return await run(Retention(db, clock, vault, media, recordings, memory))
        finally:
            if memory is not None:
                await memory.close()
            await db.close()

    return asyncio.run(work())
