"""Processes that a benchmark starts: ended whatever happens, and weighed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_STOP_SECONDS = 15.0


def end_children_on_sigterm() -> None:
    """Make SIGTERM unwind like Ctrl+C, so that every `running` block ends its processes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    arguments: Sequence[str], env: Mapping[str, str], folder: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own; it and all it started are ended with the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def peak_megabytes(session: int) -> tuple[float | None, float | None]:
    """Peak resident memory of a session's Rasa process and of its other processes together.

    (None, None) where there is no /proc.
    """
    rasa, others, found = 0.0, 0.0, False
    for folder, is_rasa in _processes_of(session):
        try:
            status = (folder / "status").read_text()
        except OSError:
            continue  # it ended meanwhile
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "")
        if not peak:
            continue
        found = True
        megabytes = int(peak.split()[1]) / 1024
        if is_rasa:
            rasa = max(rasa, megabytes)
        else:
            others += megabytes
    return (rasa, others) if found else (None, None)


def processor_seconds(session: int) -> tuple[float, float]:
    """Processor time (user and system) of a session's Rasa process and of its other processes.

    (0, 0) where there is no /proc.
    """
    spent = {True: 0.0, False: 0.0}
    for folder, is_rasa in _processes_of(session):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            spent[is_rasa] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent[True], spent[False]


def _processes_of(session: int) -> Iterator[tuple[Path, bool]]:
    """Each process of the session: its folder in /proc, and whether it is Rasa's."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == session:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                yield folder, b"rasa run" in command
        except OSError:
            continue  # it ended meanwhile
