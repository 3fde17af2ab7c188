"""Keeps a Rasa server running as a child process: started, watched, restarted, stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog
import yaml

from hotline.db import Database
from hotline.dialogue_memory import memory_file, memory_key
from hotline.settings import ROOT, Settings
from hotline.training import child_environment

log = structlog.get_logger(__name__)

_STOP_SECONDS = 5.0
_SHORTEST_LIFE = 30.0
_LONGEST_PAUSE = 60.0


def write_endpoints(settings: Settings, rasa_port: int, actions_port: int) -> Path:
    """endpoints.yml with the addresses in force, in the data folder."""
    endpoints = yaml.safe_load((ROOT / "endpoints.yml").read_text("utf-8"))
    endpoints["action_endpoint"]["url"] = f"http://localhost:{actions_port}/webhook"
    if settings.database_url.startswith("postgresql"):
        url = Database(settings.database_url).url.render_as_string(hide_password=False)
    else:
        url = f"sqlite:///{memory_file(settings.data_dir)}"
    endpoints["tracker_store"]["url"] = url
    if settings.redis_url:
        endpoints["lock_store"] = describe_lock_store(settings.redis_url)
    folder = settings.data_dir / "rasa"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"endpoints-{rasa_port}.yml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(endpoints), "utf-8")
    return path


def describe_lock_store(redis_url: str) -> dict[str, object]:
    """Rasa's Redis lock store takes the parts of the address, not the address."""
    parts = urlsplit(redis_url)
    return {
        "type": "redis",
        "url": parts.hostname or "localhost",
        "port": parts.port or 6379,
        "db": int(parts.path.strip("/") or 0),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_ssl": parts.scheme == "rediss",
        "key_prefix": "hotline",
    }


_GIVE_MEMORY_BACK = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "MALLOC_MMAP_THRESHOLD_": "65536",
}
"""Loading a model needs much for a moment; without these the process would keep it."""


class RasaServer:
    """A supervised `rasa run`, bound to this machine."""

    def __init__(
        self, settings: Settings, model: Path, rasa_port: int, actions_port: int, secret: str
    ) -> None:
        self._settings = settings
        self._arguments = [
            "-m", "rasa", "run", "--model", str(model),
            "--endpoints", str(write_endpoints(settings, rasa_port, actions_port)),
            "--credentials", str(ROOT / "credentials.yml"),
            "--interface", "127.0.0.1", "--port", str(rasa_port), "--quiet",
        ]  # fmt: skip
        self._secret = secret
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the child and watch it."""
        self._process = await self._spawn()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End the child, politely, then firmly."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()

    async def _spawn(self) -> asyncio.subprocess.Process:
        folder = self._settings.data_dir / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "rasa.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                str(Path(__file__).with_name("rasa_child.py")),
                *self._arguments[1:],
                cwd=ROOT,
                env=child_environment(
                    self._settings,
                    {
                        "HOTLINE_RASA_SECRET": self._secret,
                        "HOTLINE_MEMORY_KEY": memory_key(self._settings.secret_key),
                        **_GIVE_MEMORY_BACK,
                    },
                ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    async def _watch(self) -> None:
        pause = 1.0
        while True:
            assert self._process is not None
            started = time.monotonic()
            code = await self._process.wait()
            pause = (
                1.0
                if time.monotonic() - started > _SHORTEST_LIFE
                else min(pause * 2, _LONGEST_PAUSE)
            )
            log.error("rasa.ended", exit_code=code, restart_in=pause)
            await asyncio.sleep(pause)
            self._process = await self._spawn()
