"""What is learned beside Rasa is taken over whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.language import learning
from bot.language.training import Pairs


def _write(folder: Path, cache: Path, sentences: Pairs) -> None:
    (folder / "places").mkdir()
    (folder / "places" / "model").write_text(sentences[0][1], "utf-8")
    (folder / "intents.npz").write_bytes(b"numbers")


def _fail(folder: Path, cache: Path, sentences: Pairs) -> None:
    _write(folder, cache, sentences)
    raise RuntimeError("no memory")


def test_what_was_learned_ahead_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "learn", _write)
    monkeypatch.setattr(learning, "read_sentences", lambda: [("路灯不亮", "report_case")])
    learning.learn_ahead(tmp_path / "learned", tmp_path / "cache")
    target = tmp_path / "component"
    target.mkdir()
    assert learning.take_over(tmp_path / "learned", target)
    assert (target / "places" / "model").read_text("utf-8") == "report_case"
    assert (target / "intents.npz").read_bytes() == b"numbers"


def test_a_failure_leaves_nothing_to_take_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "learn", _fail)
    monkeypatch.setattr(learning, "read_sentences", lambda: [("路灯不亮", "report_case")])
    with pytest.raises(RuntimeError):
        learning.learn_ahead(tmp_path / "learned", tmp_path / "cache")
    assert not learning.take_over(tmp_path / "learned", tmp_path / "component")
    assert [path.name for path in tmp_path.iterdir()] == ["learned.lock"]
