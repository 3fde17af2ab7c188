"""What a process settles before it loads numpy: one thread a sentence, and the processor's own way
of multiplying.

The OpenBLAS inside numpy and scipy knows the processors that were there when it was made. On a
newer one it falls back on what every 64-bit processor of 2004 could do: a fifth of the speed
(ADR 0012). What the processor can do is written in its flags, so the choice is made here.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

_FLAGS = Path("/proc/cpuinfo")
_KERNELS = (
    ("SkylakeX", frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "fma"})),
    ("Haswell", frozenset({"avx2", "fma"})),
)
"""OpenBLAS's names, best first, and the flags each needs."""


def settle_processor(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what is not set yet; must come before the first import of numpy. Children inherit it."""
    environment.setdefault("OMP_NUM_THREADS", "1")
    kernel = choose_kernel(_FLAGS)
    if kernel is not None:
        environment.setdefault("OPENBLAS_CORETYPE", kernel)


def choose_kernel(described: Path) -> str | None:
    """The kernel for the processor that a file like /proc/cpuinfo describes.

    None where OpenBLAS shall choose: another kind of processor, an old one, no such file.
    """
    try:
        lines = described.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    told = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    flags = set(told.split())
    return next((name for name, needed in _KERNELS if needed <= flags), None)
