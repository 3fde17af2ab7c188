"""What can go wrong at the console, in the words of the operator concerned."""

from __future__ import annotations

from hotline.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    Unauthenticated,
)


class LoginFailed(Unauthenticated):
    """One answer for a wrong password, an unknown login and a disabled account."""

    code = "login_failed"
    message = "账号或密码不对，请核对后再试。"


class TooManyLogins(RateLimited):
    """Too many tries with one login or from one address."""

    code = "too_many_logins"
    message = "登录尝试次数太多，请 15 分钟后再试，或联系管理员重置密码。"


class NotLoggedIn(Unauthenticated):
    """No session, or one that has ended."""

    code = "not_logged_in"
    message = "登录已失效，请重新登录。"


class NotAllowed(Forbidden):
    """The operator's role does not include this right."""

    code = "not_allowed"
    message = "您的角色没有这项权限，需要时请联系管理员。"


class ForeignRequest(Forbidden):
    """The request does not come from a page of this console."""

    code = "foreign_request"
    message = "页面已过期或请求来源不对，请刷新页面后再试。"


class WeakPassword(InvalidInput):
    """The password is too easy to guess."""

    code = "weak_password"
    message = "密码至少 10 个字符，要包含字母、数字、符号中的两种，且不能包含登录账号。"


class WrongPassword(Forbidden):
    """The present password was not given correctly."""

    code = "wrong_password"
    message = "当前密码不对，请重新输入。"


class LoginTaken(Conflict):
    """Another operator has this login."""

    code = "login_taken"
    message = "这个登录账号已经有人使用，请换一个。"


class LastAdmin(Conflict):
    """Without an administrator nobody could add operators any more."""

    code = "last_admin"
    message = "至少要保留一位可用的管理员，且不能停用自己的账号。"


class OperatorNotFound(NotFound):
    """No operator has this id."""

    code = "operator_not_found"
    message = "没有找到这位坐席。"
