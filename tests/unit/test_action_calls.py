"""An action that cannot be run leaves the turn undone, so that it may be taken again."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("status", "raised"),
    [(None, "TurnAbandoned"), (500, "TurnAbandoned"), (400, "ActionExecutionRejection")],
)
async def test_only_an_action_that_refuses_lets_the_turn_go_on(
    monkeypatch: pytest.MonkeyPatch, status: int | None, raised: str
) -> None:
    from tests.rasa_dialogue import run_action

    assert type(await run_action(monkeypatch, "action_file", status)).__name__ == raised


def test_rasa_does_not_take_it_for_an_error_it_may_go_on_after() -> None:
    from bot.components.action_calls import TurnAbandoned

    assert not issubclass(TurnAbandoned, Exception)
