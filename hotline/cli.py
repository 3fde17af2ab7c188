"""The `hotline` command. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hotline.errors import HotlineError, InvalidInput, Unavailable
from hotline.lines import answer_lines
from hotline.settings import Settings, describe_settings, load_settings, with_secret_key

if TYPE_CHECKING:
    from hotline.retention import Erased, Retention

app = typer.Typer(
    help="96310 城市管理热线助手",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
kb = typer.Typer(help="知识库", no_args_is_help=True)
operators = typer.Typer(help="坐席账号", no_args_is_help=True)
places = typer.Typer(help="便民点和办事机构", no_args_is_help=True)
database = typer.Typer(help="数据库", no_args_is_help=True)
bench = typer.Typer(help="性能测量", no_args_is_help=True)
cases = typer.Typer(help="工单", no_args_is_help=True)
app.add_typer(kb, name="kb")
app.add_typer(places, name="places")
app.add_typer(operators, name="operators")
app.add_typer(database, name="db")
app.add_typer(bench, name="bench")
wechat = typer.Typer(help="微信公众号", no_args_is_help=True)
wechat_menu = typer.Typer(help="公众号菜单", no_args_is_help=True)
dev = typer.Typer(help="开发和试用", no_args_is_help=True)
wechat.add_typer(wechat_menu, name="menu")
app.add_typer(wechat, name="wechat")
app.add_typer(dev, name="dev")
calls = typer.Typer(help="电话与通话转写", no_args_is_help=True)
app.add_typer(calls, name="calls")
app.add_typer(cases, name="cases")
keys = typer.Typer(help="其他系统调用接口的密钥", no_args_is_help=True)
app.add_typer(keys, name="keys")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="数据目录，默认见 hotline settings")
]
Port = Annotated[int | None, typer.Option(help="监听端口，默认 8080")]


def say(line: str) -> None:
    """One line for the person at the terminal."""
    print(line, flush=True)


def read_settings(data_dir: Path | None = None, port: int | None = None) -> Settings:
    """The settings with the command line's own values, which win."""
    settings = load_settings()
    if data_dir is not None:
        settings = replace(settings, data_dir=data_dir.expanduser().resolve())
    if port is not None:
        settings = replace(settings, http_port=port)
    return settings


def quiet_settings(data_dir: Path | None = None) -> Settings:
    """For commands whose output is data: warnings and errors only, on stderr."""
    from hotline.logs import configure_logging

    settings = read_settings(data_dir)
    configure_logging(replace(settings, log_level="WARNING"))
    return settings


@app.command()
def serve(port: Port = None, data_dir: DataDir = None) -> None:
    """启动整个产品：网关、动作服务、Rasa；没有合适的模型时先训练。"""
    from hotline import serve as serving
    from hotline.logs import configure_logging

    settings = read_settings(data_dir, port)
    configure_logging(settings)
    asyncio.run(serving.serve(settings, say))


@app.command()
def train(
    data_dir: DataDir = None,
    force: Annotated[bool, typer.Option(help="即使模型已是最新也重新训练")] = False,
) -> None:
    """训练助手。"""
    from hotline import training

    say("正在训练助手，约需一分钟……")
    path = training.train(quiet_settings(data_dir), force)
    say(f"训练完成：{path.name}")


@app.command()
def evaluate(data_dir: DataDir = None) -> None:
    """在项目自己的测试集上评分。"""
    from hotline.evaluation_report import evaluate_understanding

    for line in evaluate_understanding(quiet_settings(data_dir)):
        say(line)


@app.command()
def parse(data_dir: DataDir = None) -> None:
    """理解消息：标准输入每行一个 {"text": …}，标准输出每行一个结果。"""
    from hotline.parsing import open_understander, parse_line

    settings = quiet_settings(data_dir)
    with open_understander(settings) as understander:
        map_lines(lambda item: parse_line(understander, item))


@app.command()
def duplicates(data_dir: DataDir = None) -> None:
    """是否同一问题：标准输入每行一个 {"a": {"title", "body", "posted_at"}, "b": …}。"""
    from bot.language.embedding import load_embedder
    from cases.duplicates import compare, read_report

    settings = quiet_settings(data_dir)
    chosen = Path(settings.embedder_dir) if settings.embedder_dir else None
    embedder = load_embedder(settings.cache_dir, chosen)

    def answer(item: dict[str, Any]) -> dict[str, Any]:
        verdict = compare(read_report(item, "a"), read_report(item, "b"), embedder.embed)
        return {"duplicate": verdict.duplicate, "score": verdict.score}

    map_lines(answer)


@app.command()
def settings() -> None:
    """列出全部设置：名称、当前值、默认值、说明。"""
    for row in describe_settings(load_settings()):
        default = f"（默认 {row.default}）" if row.default else ""
        say(f"{row.name}={row.value}\n    {row.help}{default}")


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


@operators.command("add")
def operators_add(
    login: str,
    name: Annotated[str, typer.Option(help="显示给市民的称呼")] = "",
    role: Annotated[
        str, typer.Option(help="operator、supervisor、admin 或 unit（承办单位）")
    ] = "operator",
    unit: Annotated[str, typer.Option(help="承办单位的全名，角色为 unit 时必填")] = "",
    data_dir: DataDir = None,
) -> None:
    """新增坐席或承办单位的账号，随机密码只显示一次。"""
    from hotline.searching import find_unit_id, open_accounts

    settings = with_secret_key(quiet_settings(data_dir))

    async def run() -> str:
        async with open_accounts(settings) as accounts:
            unit_id = await find_unit_id(settings, unit) if unit else None
            return await accounts.add_operator(login, name or login, role, None, unit_id=unit_id)

    say(f"账号 {login} 已创建，密码 {asyncio.run(run())}（只显示这一次）")


@database.command("upgrade")
def db_upgrade(data_dir: DataDir = None) -> None:
    """把数据库升级到当前版本。"""
    from hotline.db import Database
    from hotline.migrate import upgrade_database

    settings = quiet_settings(data_dir)

    async def run() -> None:
        db = Database(settings.effective_database_url)
        await upgrade_database(db)
        await db.close()

    asyncio.run(run())
    say("数据库已是最新。")


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


@bench.command("chat")
def bench_chat(
    url: Annotated[str, typer.Option(help="正在运行的服务")] = "http://127.0.0.1:8080",
    residents: Annotated[int, typer.Option(help="同时聊天的市民数")] = 50,
    turns: Annotated[int, typer.Option(help="每人说几轮")] = 8,
) -> None:
    """模拟多人同时聊天，核对顺序与完整性，打印每秒轮数和延迟。"""
    from hotline.bench import bench_chat as run

    for line in asyncio.run(run(url, residents, turns)):
        say(line)


@wechat_menu.command("push")
def wechat_menu_push(data_dir: DataDir = None) -> None:
    """把 channels/wechat/data/menu.yml 里的菜单推送到公众号。"""
    from hotline.wechat_menu import push

    count = asyncio.run(push(with_secret_key(quiet_settings(data_dir))))
    say(f"菜单已推送，共 {count} 项。")


@dev.command("wechat")
def dev_wechat(
    port: Annotated[int, typer.Option(help="模拟微信的端口")] = 8090,
    gateway: Annotated[str, typer.Option(help="网关根地址")] = "http://127.0.0.1:8080",
    mode: Annotated[str, typer.Option(help="plain 明文、mixed 兼容或 aes 安全模式")] = "aes",
) -> None:
    """启动模拟的微信公众号和微信客服，并打开像聊天一样的网页。"""
    from typing import cast

    from channels.tencent.fake.serve import gateway_environment, serve_fakes
    from channels.tencent.fake.wechat import Mode

    if mode not in ("plain", "mixed", "aes"):
        raise InvalidInput("mode 应为 plain、mixed 或 aes。")
    say("请用这些设置启动网关：")
    for name, value in gateway_environment(port).items():
        if mode != "plain" or name != "HOTLINE_WECHAT_AES_KEY":
            say(f"  export {name}={value}")
    say(f"模拟微信：http://127.0.0.1:{port}/ ，按 Ctrl+C 停止")
    asyncio.run(serve_fakes(port, gateway.rstrip("/"), cast(Mode, mode)))


@calls.command("import")
def calls_import(
    source: Annotated[Path, typer.Argument(help="JSONL、CSV 文件，或放 WAV 录音的目录")],
    data_dir: DataDir = None,
) -> None:
    """导入人工通话的转写或录音；中断后再运行一次接着来。"""
    from hotline.call_import import Tally, import_call, open_transcripts, read_calls

    settings = with_secret_key(quiet_settings(data_dir))
    found, tally = read_calls(source), Tally()

    async def run() -> None:
        async with open_transcripts(settings) as (transcripts, recogniser):
            with typer.progressbar(found, label="导入通话", file=sys.stderr) as waiting:
                for call in waiting:
                    await import_call(transcripts, recogniser, call, tally)

    asyncio.run(run())
    say(f"导入 {tally.done} 通，已有 {tally.skipped} 通，失败 {len(tally.failed)} 通。")
    for line in tally.failed[:20]:
        print(f"  {line}", file=sys.stderr)


def map_lines(function: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer each line of stdin with a line on stdout."""
    answer_lines(sys.stdin.buffer, sys.stdout, function)


def main() -> None:
    """Entry point: bad input is one sentence and exit code 2, failure one sentence and 1."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        app()
    except HotlineError as error:
        print(error.message, file=sys.stderr)
        sys.exit(2 if error.status < 500 or error.code == "settings" else 1)
    except BrokenPipeError:
        # the reader of our output went away (head, less): nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
