"""Settings on a fresh database for every channel test."""

from __future__ import annotations

from tests.product import first_articles, settings

__all__ = ["first_articles", "settings"]
