"""What can go wrong in a conversation, in the words of the person concerned."""

from __future__ import annotations

from hotline.errors import Conflict, HotlineError, NotFound


class ConversationNotFound(NotFound):
    """No such conversation, or not the caller's."""

    code = "conversation_not_found"
    message = "没有找到这个会话，请重新开始。"


class ConversationClosed(Conflict):
    """It has ended; a new one can be started."""

    code = "conversation_closed"
    message = "本次会话已结束，请开始新的会话。"


class HeldByAnother(Conflict):
    """Another operator holds it."""

    code = "held_by_another"
    message = "这个会话正由其他坐席接待。"


class NotHolder(Conflict):
    """Only the operator who holds the conversation may answer in it."""

    code = "not_holder"
    message = "请先接管会话，再回复市民。"


class BotFailed(HotlineError):
    """The bot gave no usable answer: down, too slow, or empty."""

    code = "bot_failed"
    status = 503
