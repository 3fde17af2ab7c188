"""Operators' accounts: roles, passwords, logins, sessions and what is written down of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from console.errors import (
    LastAdmin,
    LoginFailed,
    LoginTaken,
    OperatorNotFound,
    TooManyLogins,
    WeakPassword,
    WrongPassword,
)
from console.models import Account, Right, Role, check_password, read_login, read_name
from console.passwords import Passwords, make_password
from console.service import Accounts
from console.store import OperatorRow, OperatorSessionRow
from console.testing import PASSWORD, World, build_world
from hotline.audit import SYSTEM, Actor, AuditRow
from hotline.errors import InvalidInput
from hotline.limits import LocalLimiter
from hotline.privacy import Vault

ADDRESS = "192.0.2.7"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    yield world
    await world.close()


@pytest.fixture
def accounts(world: World) -> Accounts:
    return world.context.accounts


async def deeds(world: World) -> list[tuple[str, str]]:
    """(action, actor's name) in order."""
    async with world.context.db.read() as session:
        rows = await session.scalars(select(AuditRow).order_by(AuditRow.id))
        return [(row.action, row.actor_name) for row in rows]


async def find(accounts: Accounts, login: str) -> Account:
    return next(each for each in await accounts.list_operators() if each.login == login)


def test_rights_grow_with_the_role() -> None:
    def account(role: Role) -> set[Right]:
        return {right for right in Right if _account(role).may(right)}

    assert account(Role.OPERATOR) == {
        Right.SERVE,
        Right.READ_CASES,
        Right.MOVE_CASES,
        Right.WRITE_ARTICLES,
    }
    assert account(Role.SUPERVISOR) - account(Role.OPERATOR) == {
        Right.TAKE_FROM_OTHERS,
        Right.REVEAL_ANY,
        Right.RULE_CASES,
        Right.MANAGE_CASE_TABLES,
        Right.MANAGE_PLACES,
        Right.PUBLISH_ARTICLES,
    }
    assert account(Role.ADMIN) - account(Role.SUPERVISOR) == {Right.MANAGE_OPERATORS}
    assert account(Role.UNIT) == {Right.HANDLE_CASES}


def _account(role: Role) -> Account:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Account("1", "lina", "李娜", role, moment, None, None, False)


@pytest.mark.parametrize(
    "password",
    ["short-1", "onlyletters", "1234567890123", "my-lina-2026", "x" * 129 + "1", ""],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(password, "lina")


@pytest.mark.parametrize("login", ["a", "李娜", "a b", "-lina", "x" * 33, "lina@x", ""])
def test_bad_logins_are_refused(login: str) -> None:
    with pytest.raises(InvalidInput):
        read_login(login)


def test_login_and_name_are_tidied() -> None:
    assert read_login("  LiNa ") == "lina"
    assert read_name("  李  娜 ") == "李 娜"
    for name in ("", " ", "x" * 21, "a\u202eb"):
        with pytest.raises(InvalidInput):
            read_name(name)


def test_made_passwords_are_strong_and_differ() -> None:
    made = {make_password() for _ in range(20)}
    assert len(made) == 20
    for password in made:
        check_password(password, "lina")


async def test_a_password_is_made_when_none_is_given(accounts: Accounts) -> None:
    made = await accounts.add_operator("lina", "李娜", Role.OPERATOR)
    given = await accounts.add_operator("wang", "王强", "supervisor", PASSWORD)
    assert given == PASSWORD
    assert (await accounts.log_in("lina", made, ADDRESS)).account.password_generated
    assert not (await accounts.log_in("wang", PASSWORD, ADDRESS)).account.password_generated


async def test_passwords_are_stored_as_argon2id_only(world: World, accounts: Accounts) -> None:
    await world.add("lina")
    async with world.context.db.read() as session:
        stored = await session.scalar(select(OperatorRow.password_hash))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


async def test_a_login_is_taken_once_whatever_its_case(world: World, accounts: Accounts) -> None:
    await world.add("lina")
    with pytest.raises(LoginTaken):
        await accounts.add_operator("LINA", "另一位", Role.OPERATOR, PASSWORD)


async def test_unknown_roles_are_refused(accounts: Accounts) -> None:
    with pytest.raises(InvalidInput):
        await accounts.add_operator("lina", "李娜", "root", PASSWORD)


async def test_login_gives_a_session_and_logout_ends_it(world: World, accounts: Accounts) -> None:
    await world.add("lina", name="李娜")
    logged_in = await accounts.log_in(" LINA ", PASSWORD, ADDRESS)
    found = await accounts.find(logged_in.token)
    assert found is not None
    assert found.name == "李娜"
    await accounts.log_out(logged_in.token)
    assert await accounts.find(logged_in.token) is None
    assert await deeds(world) == [
        ("operator_added", SYSTEM.name),
        ("logged_in", "李娜"),
        ("logged_out", "李娜"),
    ]


async def test_a_session_ends_after_its_hours(world: World, accounts: Accounts) -> None:
    await world.add("lina")
    token = (await accounts.log_in("lina", PASSWORD, ADDRESS)).token
    world.clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    assert await accounts.find(token) is not None
    world.clock.advance(timedelta(seconds=1))
    assert await accounts.find(token) is None


async def test_expired_sessions_are_removed_at_the_next_login(
    world: World, accounts: Accounts
) -> None:
    await world.add("lina")
    await accounts.log_in("lina", PASSWORD, ADDRESS)
    world.clock.advance(timedelta(hours=13))
    await accounts.log_in("lina", PASSWORD, ADDRESS)
    async with world.context.db.read() as session:
        assert len((await session.scalars(select(OperatorSessionRow))).all()) == 1


async def test_failed_logins_are_written_down_without_what_was_typed(
    world: World, accounts: Accounts
) -> None:
    await world.add("lina", name="李娜")
    for login in ("lina", "my-secret-by-mistake"):
        with pytest.raises(LoginFailed):
            await accounts.log_in(login, "wrong", ADDRESS)
    async with world.context.db.read() as session:
        query = select(AuditRow).where(AuditRow.action == "login_failed").order_by(AuditRow.id)
        known, unknown = await session.scalars(query)
    assert known.actor_name == "李娜"
    assert known.detail == {"address": ADDRESS}
    assert "secret" not in repr((unknown.actor_id, unknown.actor_name, unknown.object_id))


async def test_a_disabled_account_answers_like_a_wrong_password(
    world: World, accounts: Accounts
) -> None:
    await world.add("boss", Role.ADMIN)
    await world.add("lina")
    lina = await find(accounts, "lina")
    await accounts.disable(lina.id, SYSTEM)
    with pytest.raises(LoginFailed) as disabled:
        await accounts.log_in("lina", PASSWORD, ADDRESS)
    with pytest.raises(LoginFailed) as wrong:
        await accounts.log_in("boss", "wrong", ADDRESS)
    assert disabled.value.message == wrong.value.message


async def test_an_account_can_be_enabled_again(world: World, accounts: Accounts) -> None:
    await world.add("lina")
    lina = await find(accounts, "lina")
    token = (await accounts.log_in("lina", PASSWORD, ADDRESS)).token
    await accounts.disable(lina.id, SYSTEM)
    assert await accounts.find(token) is None
    await accounts.enable(lina.id, SYSTEM)
    assert await accounts.find(token) is None
    await accounts.log_in("lina", PASSWORD, ADDRESS)


async def test_the_last_administrator_stays(world: World, accounts: Accounts) -> None:
    await world.add("boss", Role.ADMIN)
    await world.add("second", Role.ADMIN)
    boss, second = await find(accounts, "boss"), await find(accounts, "second")
    with pytest.raises(LastAdmin):
        await accounts.disable(boss.id, boss.actor)
    await accounts.disable(second.id, boss.actor)
    with pytest.raises(LastAdmin):
        await accounts.disable(boss.id, second.actor)


async def test_unknown_operators_are_not_found(accounts: Accounts) -> None:
    with pytest.raises(OperatorNotFound):
        await accounts.disable("nobody", SYSTEM)


async def test_resetting_a_password_ends_sessions_and_unlocks(
    world: World, accounts: Accounts
) -> None:
    await world.add("lina")
    token = (await accounts.log_in("lina", PASSWORD, ADDRESS)).token
    for _ in range(5):
        with pytest.raises(LoginFailed):
            await accounts.log_in("lina", "wrong", ADDRESS)
    with pytest.raises(TooManyLogins):
        await accounts.log_in("lina", PASSWORD, ADDRESS)
    lina = await find(accounts, "lina")
    _, made = await accounts.reset_password(lina.id, Actor("operator", "1", "管理员"))
    assert await accounts.find(token) is None
    assert (await accounts.log_in("lina", made, ADDRESS)).account.password_generated


async def test_changing_the_password_needs_the_present_one(
    world: World, accounts: Accounts
) -> None:
    await world.add("lina")
    before = await accounts.log_in("lina", PASSWORD, ADDRESS)
    with pytest.raises(WrongPassword):
        await accounts.change_password(before.account, "wrong", "brand-new-pass-1")
    with pytest.raises(WeakPassword):
        await accounts.change_password(before.account, PASSWORD, "weak")
    after = await accounts.change_password(before.account, PASSWORD, "brand-new-pass-1")
    assert await accounts.find(before.token) is None
    assert await accounts.find(after.token) is not None
    with pytest.raises(LoginFailed):
        await accounts.log_in("lina", PASSWORD, ADDRESS)
    await accounts.log_in("lina", "brand-new-pass-1", ADDRESS)


async def test_a_success_starts_a_new_count_of_failures(world: World, accounts: Accounts) -> None:
    await world.add("lina")
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(LoginFailed):
                await accounts.log_in("lina", "wrong", ADDRESS)
        world.clock.advance(timedelta(seconds=1))
        await accounts.log_in("lina", PASSWORD, ADDRESS)


async def test_old_hashes_are_renewed_at_login(world: World) -> None:
    await world.add("lina")
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    context = world.context
    accounts = Accounts(
        context.db,
        world.clock,
        LocalLimiter(),
        Vault("x" * 40),
        context.settings,
        Passwords(stronger),
    )
    await accounts.log_in("lina", PASSWORD, ADDRESS)
    async with context.db.read() as session:
        stored = await session.scalar(select(OperatorRow.password_hash))
    assert stored is not None
    assert "m=16,t=2,p=1" in stored
    await accounts.log_in("lina", PASSWORD, ADDRESS)


async def test_csrf_tokens_belong_to_one_session(accounts: Accounts) -> None:
    assert accounts.csrf_fits("one", accounts.csrf_token("one"))
    assert not accounts.csrf_fits("two", accounts.csrf_token("one"))
    assert not accounts.csrf_fits("one", "\udce4\udcbd")
