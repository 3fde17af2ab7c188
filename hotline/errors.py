"""Errors that reach a person: a code for machines, a status for HTTP, a sentence for people.

Raise a subclass; the gateway turns it into `{"error": {"code", "message"}}`. The sentence
is in the resident's language and never carries personal data or internals.
"""

from __future__ import annotations


class HotlineError(Exception):
    """Base of every error whose message may be shown to the person who caused it."""

    code = "internal"
    status = 500
    message = "系统开小差了，请稍后再试。"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or type(self).message
        super().__init__(self.message)


class InvalidInput(HotlineError):
    """The request cannot be understood as sent; sending it again unchanged will not help."""

    code = "invalid_input"
    status = 400
    message = "提交的内容格式不对，请检查后再试。"


class Unauthenticated(HotlineError):
    """No token, or a token nobody was given."""

    code = "unauthenticated"
    status = 401
    message = "登录已失效，请重新进入。"


class Forbidden(HotlineError):
    """Known caller, but this is not his to see or do."""

    code = "forbidden"
    status = 403
    message = "您没有权限进行此操作。"


class NotFound(HotlineError):
    """No such thing, or none that this caller may know of."""

    code = "not_found"
    status = 404
    message = "没有找到您要的内容。"


class Conflict(HotlineError):
    """Somebody else changed it first, or it is no longer in a state that allows this."""

    code = "conflict"
    status = 409
    message = "内容已被更新，请刷新后再试。"


class TooLarge(HotlineError):
    """More than the documented bound."""

    code = "too_large"
    status = 413
    message = "内容太长或文件太大，请分次发送。"


class UnsupportedMedia(HotlineError):
    """A kind of file that is not accepted, judged by its content."""

    code = "unsupported_media"
    status = 415
    message = "暂不支持这种文件，请发送 JPG、PNG 或 WebP 图片。"


class RateLimited(HotlineError):
    """Too many requests from one sender."""

    code = "rate_limited"
    status = 429
    message = "发送得太快了，请稍等片刻再试。"


class Unavailable(HotlineError):
    """A part the request needs is down; the caller may try again."""

    code = "unavailable"
    status = 503
    message = "服务正忙，请稍后再试。"


class SettingsError(HotlineError):
    """One or more settings are wrong; the message lists them all."""

    code = "settings"
    status = 500
