"""What can go wrong with a call, in the words of the person concerned."""

from __future__ import annotations

from hotline.errors import Conflict, NotFound


class CallNotFound(NotFound):
    """No such call."""

    code = "call_not_found"
    message = "没有找到这通电话。"


class CallOver(Conflict):
    """The call has ended."""

    code = "call_over"
    message = "这通电话已经结束。"


class NoLine(Conflict):
    """The operator has said no number to be called at."""

    code = "no_line"
    message = "请先在“我的话机”里填写接听号码。"


class OperatorEngaged(Conflict):
    """She is on another call, or another operator's telephone is ringing for this one."""

    code = "operator_engaged"
    message = "您的话机正在通话或振铃，请稍后再接。"


class RecordingRefused(Conflict):
    """The caller does not want to be recorded."""

    code = "recording_refused"
    message = "市民说了不要录音，这通电话不能再录。"
