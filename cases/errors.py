"""What can go wrong with a case, in the words of the person concerned."""

from __future__ import annotations

from hotline.errors import Conflict, InvalidInput, NotFound


class CaseNotFound(NotFound):
    """No case has this number."""

    code = "case_not_found"
    message = "没有查到这个工单号，请核对后再试。"


class IllegalMove(Conflict):
    """The case's state does not allow this step."""

    code = "illegal_move"
    message = "工单当前状态不能进行此操作。"


class UnknownCategory(InvalidInput):
    """The category code is not in the list."""

    code = "unknown_category"
    message = "没有这个问题类别。"


class MissingDetail(InvalidInput):
    """The step needs something that was not given."""

    code = "missing_detail"
    message = "还有内容没有填写。"


class RequestSettled(Conflict):
    """The request has been decided already, or never was."""

    code = "request_settled"
    message = "这项申请不存在或已经有结论，请刷新后再看。"


class WordsTooShort(InvalidInput):
    """A search without two neighbouring characters."""

    code = "words_too_short"
    message = "请至少输入两个字再搜索。"


class UnknownUnit(InvalidInput):
    """No unit that can be sent to has this name."""

    code = "unknown_unit"
    message = "单位表里没有这个单位，或它已停用，请从列表里选择。"
