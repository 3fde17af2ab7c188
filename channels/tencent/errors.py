"""What can go wrong between us and Tencent's servers."""

from __future__ import annotations

from hotline.errors import Forbidden, InvalidInput, Unavailable


class BadSignature(Forbidden):
    """Not signed with our token, too old, or used before with other words."""

    code = "bad_signature"
    message = "签名不正确或已过期。"


class BadEnvelope(InvalidInput):
    """The encrypted message cannot be opened, or is meant for somebody else."""

    code = "bad_envelope"
    message = "消息无法解密。"


class BadMessage(InvalidInput):
    """Not the XML of the protocol."""

    code = "bad_message"
    message = "消息格式不正确。"


class ApiFailed(Unavailable):
    """The API answered with an error code, or not at all (`errcode` None).

    `errcode` is Tencent's number. Their sentence is kept for the log; it names no person.
    """

    code = "api_failed"
    message = "微信接口没有成功，请稍后再试。"

    def __init__(self, errcode: int | None, reason: str = "") -> None:
        super().__init__()
        self.errcode = errcode
        self.reason = reason[:120]

    def __str__(self) -> str:
        return f"errcode {self.errcode}: {self.reason}"


class WindowClosed(ApiFailed):
    """Nothing may be sent until the resident writes again, or too much was sent already."""


class Unreachable(ApiFailed):
    """This resident cannot be written to any more: he left, or the address is not one."""
