"""Knowledge and accounts for command-line use: the same code as the chat, without a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.language.embedding import load_embedder
from bot.language.normalise import normalise
from bot.language.training import read_sentences
from cases.dispatch_service import Dispatching
from cases.errors import UnknownUnit
from console.service import Accounts
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.limits import LocalLimiter
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.settings import Settings
from kb.fit import fit
from kb.service import Knowledge
from kb.trust import UNFITTED, WEIGHTS_FILE
from kb.vectors import PassageVectors

Search = Callable[[Mapping[str, Any], int], dict[str, Any]]


@asynccontextmanager
async def open_knowledge(settings: Settings) -> AsyncIterator[Search]:
    """A function from an input object to an output object (contract.md)."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    embedder = _load(settings)
    knowledge = Knowledge(db, SystemClock(), PassageVectors(embedder, settings.cache_dir))
    await knowledge.seed()
    await knowledge.refresh()

    def search(item: Mapping[str, Any], k: int) -> dict[str, Any]:
        query = item.get("query")
        if not isinstance(query, str):
            raise InvalidInput(f"第 {item.get('_line')} 行缺少文字 query。")
        text = normalise(query).text
        found = knowledge.search(text, embedder.embed([text])[0], k)
        return {
            "query": query,
            "answer": found.answer,
            "confidence": round(found.confidence, 4),
            "results": [
                {"slug": hit.slug, "title": hit.title, "score": round(hit.score, 4)}
                for hit in found.hits
            ],
        }

    try:
        yield search
    finally:
        await db.close()


async def fit_weights(settings: Settings) -> list[str]:
    """Fit and write the search weights; returns a short report."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    embedder = _load(settings)
    vectors = PassageVectors(embedder, settings.cache_dir)
    # not the shipped weights: they may be for other features, which is why they are fitted
    knowledge = Knowledge(db, SystemClock(), vectors, weights=UNFITTED)
    await knowledge.seed()
    await knowledge.refresh()
    strangers = [
        text for text, intent in read_sentences() if intent in ("out_of_scope", "chitchat")
    ]
    weights, report = fit(knowledge.all(), strangers, embedder, vectors)
    WEIGHTS_FILE.write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
    await db.close()
    return report


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncIterator[Accounts]:
    """Operator accounts on an up-to-date database."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    try:
        yield Accounts(db, SystemClock(), LocalLimiter(), Vault(settings.secret_key), settings)
    finally:
        await db.close()


async def find_unit_id(settings: Settings, name: str) -> int:
    """The unit with this name; raises UnknownUnit."""
    db = Database(settings.effective_database_url)
    try:
        found = (await Dispatching(db, SystemClock()).book()).unit(name)
    finally:
        await db.close()
    if found is None:
        raise UnknownUnit
    return found.id


def _load(settings: Settings) -> Any:
    return load_embedder(
        settings.cache_dir, Path(settings.embedder_dir) if settings.embedder_dir else None
    )
