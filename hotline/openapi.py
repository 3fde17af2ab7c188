"""The published description of the API (OpenAPI 3.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DOCUMENT: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("openapi.yml").read_text("utf-8")
)
