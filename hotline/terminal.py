"""What the commands share: options, settings, lines in and out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hotline.lines import AnswerAll, Item, answer_lines, one_by_one
from hotline.settings import Settings, load_settings

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


def map_lines(function: Callable[[Item], Item]) -> None:
    """Answer each line of stdin with a line on stdout."""
    map_many_lines(one_by_one(function))


def map_many_lines(answer_all: AnswerAll) -> None:
    """The same where lines that wait are better answered together."""
    answer_lines(sys.stdin.buffer, sys.stdout, answer_all)
