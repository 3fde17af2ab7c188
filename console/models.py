"""Operators (坐席) as plain types and rules; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from console.errors import NotAllowed, WeakPassword
from conversations.models import Operator
from hotline.audit import Actor
from hotline.errors import InvalidInput

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 128
LONGEST_NAME = 20

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


class Role(StrEnum):
    """What an operator is at the hotline."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    UNIT = "unit"
    """Handles the cases of one unit, and sees nothing else."""


ROLE_NAMES: Mapping[Role, str] = {
    Role.OPERATOR: "坐席",
    Role.SUPERVISOR: "班长",
    Role.ADMIN: "管理员",
    Role.UNIT: "承办单位",
}

_SEATS: Mapping[Role, Literal["operator", "supervisor", "admin"]] = {
    Role.OPERATOR: "operator",
    Role.SUPERVISOR: "supervisor",
    Role.ADMIN: "admin",
}


class Right(StrEnum):
    """What a role may do."""

    SERVE = "serve"
    """See the desk, take conversations from the bot or the queue, answer, write notes."""
    TAKE_FROM_OTHERS = "take_from_others"
    """Take a conversation that another operator holds."""
    REVEAL_ANY = "reveal_any"
    """See covered personal data in conversations of others; one's own need no right."""
    READ_CASES = "read_cases"
    MOVE_CASES = "move_cases"
    """Take cases through their steps."""
    RULE_CASES = "rule_cases"
    """Decide on returns, extensions, deferrals and voiding."""
    MANAGE_CASE_TABLES = "manage_case_tables"
    """Change limits, working days, units, special areas, dispatch rules; reading needs READ_CASES."""
    HANDLE_CASES = "handle_cases"
    """See and handle the cases of one's own unit."""
    MANAGE_OPERATORS = "manage_operators"
    WRITE_ARTICLES = "write_articles"
    PUBLISH_ARTICLES = "publish_articles"
    """Publish what somebody else wrote, send it back, take an article down."""
    MANAGE_PLACES = "manage_places"
    """Take files of places in, and take that back; reading them needs READ_CASES."""


_OPERATOR_RIGHTS = frozenset(
    {Right.SERVE, Right.READ_CASES, Right.MOVE_CASES, Right.WRITE_ARTICLES}
)
_SUPERVISOR_RIGHTS = _OPERATOR_RIGHTS | {
    Right.TAKE_FROM_OTHERS,
    Right.REVEAL_ANY,
    Right.RULE_CASES,
    Right.MANAGE_CASE_TABLES,
    Right.MANAGE_PLACES,
    Right.PUBLISH_ARTICLES,
}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OPERATOR: _OPERATOR_RIGHTS,
    Role.SUPERVISOR: _SUPERVISOR_RIGHTS,
    Role.ADMIN: _SUPERVISOR_RIGHTS | {Right.MANAGE_OPERATORS},
    Role.UNIT: frozenset({Right.HANDLE_CASES}),
}


@dataclass(frozen=True, slots=True)
class Account:
    """One operator's account; her password is never part of it."""

    id: str
    login: str
    name: str
    role: Role
    created_at: datetime
    last_login_at: datetime | None
    disabled_at: datetime | None
    password_generated: bool
    unit_id: int | None = None

    @property
    def role_name(self) -> str:
        """The role in Chinese."""
        return ROLE_NAMES[self.role]

    @property
    def actor(self) -> Actor:
        """Who she is in the audit log."""
        return Actor("operator", self.id, self.name)

    @property
    def operator(self) -> Operator:
        """Who she is to conversations; a unit's account takes part in none."""
        if self.role not in _SEATS:
            raise NotAllowed
        return Operator(self.id, self.name, _SEATS[self.role])

    def may(self, right: Right) -> bool:
        """Whether her role includes the right."""
        return right in RIGHTS[self.role]


def read_login(raw: str) -> str:
    """The login as stored (lower case); raises InvalidInput."""
    login = raw.strip().casefold()
    if not _LOGIN.fullmatch(login):
        raise InvalidInput("登录账号为 2 到 32 个字母、数字、点、下划线或短横线。")
    return login


def read_name(raw: str) -> str:
    """The name that residents see; raises InvalidInput."""
    name = " ".join(raw.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"姓名或工号为 1 到 {LONGEST_NAME} 个字。")
    return name


def read_role(raw: str) -> Role:
    """The role with this name; raises InvalidInput."""
    try:
        return Role(raw)
    except ValueError:
        raise InvalidInput("角色应是 operator、supervisor、admin 或 unit。") from None


def check_password(password: str, login: str) -> None:
    """Raise WeakPassword unless the password is long, mixed and free of the login."""
    kinds = (
        any(each.isalpha() for each in password),
        any(each.isdigit() for each in password),
        any(not each.isalnum() for each in password),
    )
    fits = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD and sum(kinds) > 1
    if not fits or login in password.casefold():
        raise WeakPassword
