"""The assistant's reading of a sentence inside the application, loaded when first needed.

Rasa has its own copy in its own process; transcripts of calls are read here, in a thread.
"""

from __future__ import annotations

import threading
from datetime import datetime
from functools import lru_cache

from bot.language.embedding import Listener
from bot.language.models import Understanding
from bot.language.understanding import Understander
from cases.categories import load_categories
from hotline.errors import Unavailable
from hotline.settings import Settings
from hotline.training import model_path, unpacked_models

_KEPT = 4096


class SentenceReader:
    """Reads sentences as heard on the phone; thread-safe, remembers what it read."""

    def __init__(self, settings: Settings, listener: Listener) -> None:
        self._settings = settings
        self._listener = listener
        self._lock = threading.Lock()
        self._understander: Understander | None = None
        self._read_on = lru_cache(_KEPT)(self._read)

    def __call__(self, text: str, now: datetime) -> Understanding:
        """The reading; raises Unavailable while there is no trained model."""
        # relative times need the day only: a call read anew within the hour costs nothing
        return self._read_on(text, now.replace(minute=0, second=0, microsecond=0))

    def _read(self, text: str, now: datetime) -> Understanding:
        return self._load().read(text, "voice", now)

    def _load(self) -> Understander:
        with self._lock:
            if self._understander is None:
                model = model_path(self._settings)
                if not model.exists():
                    raise Unavailable("理解模型还没有训练好，请稍后再试。")
                names = {code: item.name for code, item in load_categories().items()}
                with unpacked_models(model) as folder:
                    self._understander = Understander.load(folder, self._listener, names)
            return self._understander
