"""Which way of multiplying is chosen for a processor, from what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.processor import choose_kernel, settle_processor

_NEW = "fpu sse2 avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl amx_int8"


@pytest.mark.parametrize(
    ("flags", "kernel"),
    [
        (_NEW, "SkylakeX"),
        (_NEW.replace("avx512bw ", ""), "Haswell"),
        ("fpu sse2 avx", None),
        ("", None),
    ],
)
def test_the_flags_decide(tmp_path: Path, flags: str, kernel: str | None) -> None:
    described = tmp_path / "cpuinfo"
    described.write_text(f"processor\t: 0\nmodel name\t: Some\nflags\t\t: {flags}\n")
    assert choose_kernel(described) == kernel


def test_another_kind_of_system_chooses_for_itself(tmp_path: Path) -> None:
    assert choose_kernel(tmp_path / "missing") is None


def test_what_the_site_has_set_stands() -> None:
    environment = {"OMP_NUM_THREADS": "4", "OPENBLAS_CORETYPE": "Zen"}
    settle_processor(environment)
    assert environment == {"OMP_NUM_THREADS": "4", "OPENBLAS_CORETYPE": "Zen"}
