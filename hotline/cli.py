"""The `hotline` command. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hotline.cli_cases import cases, keys
from hotline.cli_knowledge import kb, places
from hotline.errors import HotlineError, InvalidInput
from hotline.processor import settle_processor
from hotline.settings import describe_settings, load_settings, with_secret_key
from hotline.terminal import (
    DataDir,
    Port,
    map_lines,
    map_many_lines,
    quiet_settings,
    read_settings,
    say,
)

app = typer.Typer(
    help="96310 城市管理热线助手",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
operators = typer.Typer(help="坐席账号", no_args_is_help=True)
database = typer.Typer(help="数据库", no_args_is_help=True)
bench = typer.Typer(help="性能测量", no_args_is_help=True)
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
app.add_typer(keys, name="keys")


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

    say("正在训练助手，约需一两分钟……")
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
    from hotline.parsing import open_understander, parse_lines

    settings = quiet_settings(data_dir)
    with open_understander(settings) as understander:
        map_many_lines(lambda items: parse_lines(understander, items))


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


def main() -> None:
    """Entry point: bad input is one sentence and exit code 2, failure one sentence and 1."""
    settle_processor()
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
