"""Opens an ONNX graph the way every sentence model here runs: one thread, quietly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime


def open_session(model: Path | bytes) -> Any:
    """An onnxruntime session of a graph (its file, or the graph itself) on one CPU thread; its `run`
    may be called from many threads.
    """
    options = onnxruntime.SessionOptions()
    # Turns come side by side, one core each: threads inside one sentence only cost waiting.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Every sentence has its own length, so remembered memory layouts are never reused.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        options,
        providers=["CPUExecutionProvider"],
    )
