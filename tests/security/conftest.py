"""The running product for every attack; a module's own fixtures come before these."""

from __future__ import annotations

from tests.product import (
    bot,
    client,
    first_articles,
    product,
    settings,
    visitor,
)

__all__ = ["bot", "client", "first_articles", "product", "settings", "visitor"]
