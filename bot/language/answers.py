"""Short answers: words whose meaning the dialogue's state settles, not a classifier.

Each reader looks at the whole message, stripped of politeness and punctuation, so that 好 is a
yes and 好吵 is not.
"""

from __future__ import annotations

import re

_EDGES = re.compile(r"^[\s\W_]+|[\s\W_]+$")
_SOFT_HEAD = re.compile(
    r"^(?:嗯+|哦+|噢+|啊+|呃+|那个?|那就|行了?|您|师傅|同志|请|麻烦您?|劳驾)+[，,、\s]*"
)
_SOFT_TAIL = re.compile(r"(?:吧|啊|呀|哈|呢|了|的|啦|嘛|哦|喽|您呐|您|谢谢您?|多谢)+$")


def _phrases(listed: str) -> frozenset[str]:
    """English answers: they have spaces inside, so they are listed with commas."""
    return frozenset(" ".join(each.split()) for each in listed.split(","))


AFFIRM = frozenset(
    """是 对 好 行 可以 没错 没问题 正确 提交 确认 确定 同意 嗯 嗯嗯 对对 对对对 是是 好好 中 成 得 得嘞 妥 妥妥
    没毛病 没意见 就这样 就这么 就这么办 按这个 照办 照这个 报吧 报 交 交吧 发吧 发送 对头 要得 係 系 ok okay yes y
    好滴 好嘞 行行 行行行 可以可以 没有问题 完全正确 都对 全对 没有错 说得对 你看着办 您看着办 行你看着办 需要 要
    行吧 成吧 好吧 可以吧 就这么着 就这么着吧 shi dui hao xing keyi 1""".split()
) | _phrases(
    """sure, yeah, yep, yup, correct, right, confirm, submit, agree, yes please, sure thing, go ahead, that's right,
    thats right, that is right, that's correct, all correct, all good, looks good, i confirm, please submit, submit it, file it, yes submit it, yes submit, yes file it, submit please, ti jiao, tijiao"""
)
DENY = frozenset(
    """不 不是 不对 不行 不可以 错 错了 有误 不用 不要 不用了 不要了 没有 别 否 不必 不需要 不确认 不提交 先不
    先别 不改 不改了 不用改 不用改了 不正确 哪有 no n 唔係 唔系 唔使 不得行 不中 别介 甭 甭了 bu bushi 不是不是 不对不对 哎不对 哎不对不对""".split()
) | _phrases(
    """nope, not correct, incorrect, wrong, not right, that's wrong, that is wrong, not yet, no thanks, no thank you, don't,
    do not submit, don't submit"""
)
CANCEL = frozenset(
    """取消 算了 算了不报了 算了不说了 不报 不报了 不投诉 不投诉了 不举报了 不说了 退出 结束 停止 撤销 不弄了 作废 先不报 先不报了 取消上报
    取消投诉 取消举报 我不报了 我不投诉了 不想报了 不想投诉了 别报了 甭报了 撤回 不提了 拉倒 不建议了 不用报了""".split()
) | _phrases(
    "cancel, cancel it, qu xiao, quxiao, stop, quit, exit, forget it, never mind, nevermind, cancel the report"
)
BACK = frozenset("返回 上一步 退回 返回上一步 重来 重新填 重新说 从头来".split()) | _phrases(
    "back, go back, start over"
)
ANONYMOUS = frozenset(
    """匿名 匿名举报 匿名投诉 不留 不留电话 不留了 不想留 不方便 不方便留 不方便透露 没有电话 没手机 没电话 不提供
    不想说 不告诉 不用联系 不用联系我 别联系我 不用回复 不用回访 无 没有 不 不用 不要 算了 甭留 不给 我要匿名 选择匿名
    不留联系方式 不想留电话 不留号码 没 无所谓 随便""".split()
) | _phrases(
    """anonymous, anonymously, ni ming, niming, stay anonymous, keep me anonymous, no phone, no phone number, no number, none, nope, skip,
    no contact, no thanks, no thank you, i don't have a phone, i don't want to, i'd rather not, i'd rather not say,
    rather not say, prefer not to say, i prefer not to say, i don't want to leave a number, without a number"""
)
UNKNOWN = frozenset(
    """不知道 不清楚 说不清 说不好 不晓得 记不清 记不得 忘了 不记得 没注意 不确定 不太清楚 不太确定 我也不知道 唔知
    不太知道 搞不清 弄不清 跳过 略过""".split()
) | _phrases(
    """i don't know, i do not know, don't know, dont know, no idea, not sure, i'm not sure, unknown, unsure, skip,
    can't remember, i can't remember, i don't remember, i forgot, can't say"""
)
_MARKS = re.compile(r"[，,。；;！!\s]+")
_LONGEST_CANCEL = 16
_PLAINLY_AWAY = re.compile(
    r"(?:我(?:说|要|想)?)?取消|(?:我)?(?:就)?不(?:告|追究|计较)(?:他们?|她|它|人家?)?了?$|(?:我)?不(?:想)?(?:报|投诉|举报|登记|提交)了?$|别(?:报|登记)"
)
_GIVES_UP = re.compile(
    r"(?:我|都)?(?:说了?|要|想)?(?:取消)+(?:这个|这条|登记|上报|投诉)?|(?:我)?(?:不(?:是|要|用|想|需要)|没(?:有|说)?(?:要|想)?)(?:来|在)?(?:登记|投诉|举报|报案|报修)"
    r"(?:什么)?|(?:我)?(?:就)?不(?:告|追究|计较|举报|投诉)(?:他们?|她|它|人家?)?了?|算了(?:算了?)*|(?:算了)?(?:不|别|甭)(?:想|要|用)?(?:报|问|说|登记|投诉|举报|提交|弄)(?:了)?"
)
_HANDS_IN = re.compile(r"(?<![不别没])提交(?!了?吗)|(?<![不别没提])交(?:吧|了|上去)")
_TAKES_BACK_CASE = re.compile(
    r"(?<![不别没甭])撤(?:单|销|回|了|掉)|(?:能|可以|想|要|帮我|给我)撤|(?:工单|投诉|举报|那件|那个)[^，。]{0,6}(?:取消|作废|不办了|不用管|不要了)"
    r"|(?:取消|作废)[^，。]{0,6}(?:工单|投诉|举报)|(?:^|[，,。\s])(?:你们)?不用(?:再)?来了|不用管了"
)
_LEAVES_CASE = re.compile("(?:不要|不想|不用|先不|别|甭|不)(?:再)?(?:撤|取消|作废)")
_CONTACT = "(?:电话|号码?|手机|联系方式)"
_REFUSES = re.compile(
    rf"(?:不|别|甭|没法|唔)(?:想|愿意?|方便|用|能|肯|需要|打算|敢)?(?:再)?(?:留|給|给|提供|透露|告诉你)(?:你|您)?{_CONTACT}?"
    rf"|(?:没有?|冇){_CONTACT}|{_CONTACT}(?:我)?(?:就|也)?(?:没有?|不(?:留|给|方便|用|想|能)|免了|算了)"
    r"|不要(?:留|给|打|问)?(?:我的?)?(?:电话|手机|号码)|不用(?:电话|回电|回访|联系|打给我)|匿名"
)
_NUMBER = re.compile(r"[0-9]{7}|[幺一二三四五六七八九零〇]{7}")
_WHY_CONTACT = re.compile(
    rf"要(?:什么|啥){_CONTACT}|(?:为什么|为啥|为嘛|凭什么|凭啥|干嘛|干什么|干啥|怎么)(?:非|一定|还|都|你们)*(?:得|要|需要)?(?:留|给|问|用)?[^，。]{{0,3}}{_CONTACT}"
    rf"|{_CONTACT}[^，。]{{0,4}}(?:干嘛|干什么|干啥|做什么|做啥|有什么用|有啥用|干吗|什么用)"
)
_EMOJI_YES = frozenset("👌✅👍🆗🙆")
_EMOJI_NO = frozenset("🙅❌👎🚫")
_HUMAN = re.compile(
    r"(?:转|找|叫|要|接|换|来)?(?:个|一个|一下)?(?:人工|真人|活人|接线员|话务员|坐席|客服人员|工作人员接)"
)
_HUMAN_WHOLE = frozenset(
    "人工 真人 转人工 人工服务 人工客服 客服 转接 接人工 找人工 0 agent human operator".split()
)
_NOT_HUMAN = re.compile(
    r"人工(?:智能|湖|费|草|造|降雨|林|岛|呼吸)|无人工|没有?人工作|你(?:们)?是(?:不是)?个?[真活]人"
)


_ABOUT = re.compile(
    r"(?:你们?|您|这|这里|这儿|这边|这个|96310|城管热线)(?:个?(?:热线|电话|号码|平台|公众号|小程序|服务|系统|网站|机器人))?"
    r"(?:到底)?(?:是|都是)?(?:(?:干|做|搞|管)(?:什么|啥|嘛|么)(?:的|用的)|(?:什么|啥)(?:热线|电话|平台|服务|地方|公众号|系统|东西|网站)|(?:有|能有)(?:什么|啥)用)"
)
_LONGEST_ABOUT = 20


def asks_about_service(text: str) -> bool:
    """Asks what this is: 你们是干什么的, 这是什么热线."""
    return len(text) <= _LONGEST_ABOUT and _ABOUT.search(text) is not None


def _bare(text: str) -> str:
    return _EDGES.sub("", text).casefold().replace("’", "'").replace(", ", " ")


def trim(text: str) -> str:
    """The message without edges that carry no meaning: punctuation, 嗯, 吧, 谢谢."""
    text = _bare(text)
    without = _SOFT_HEAD.sub("", text)
    text = without or text
    without = _EDGES.sub("", _SOFT_TAIL.sub("", text))
    return without or text


def _is_in(text: str, words: frozenset[str]) -> bool:
    return _bare(text) in words or trim(text) in words


def _is_only_emoji(text: str, emoji: frozenset[str]) -> bool:
    return bool(emoji & set(text)) and not any(character.isalnum() for character in text)


def is_affirm(text: str) -> bool:
    """A plain yes."""
    return _is_in(text, AFFIRM) or _is_only_emoji(text, _EMOJI_YES)


def is_deny(text: str) -> bool:
    """A plain no."""
    return _is_in(text, DENY) or _is_only_emoji(text, _EMOJI_NO)


def is_cancel(text: str) -> bool:
    """Away from what is under way, in one word or with what he says beside it: 取消 不报了."""
    if _is_in(text, CANCEL):
        return True
    parts = _split(text)
    ends = any(_is_in(part, CANCEL) or _GIVES_UP.fullmatch(trim(part)) for part in parts)
    if not ends or len(text) > _LONGEST_CANCEL or _HANDS_IN.search(text):
        return False
    # 算了，时间还是昨天晚上: only what goes away plainly may have anything beside it
    plain = any(_PLAINLY_AWAY.match(trim(part)) for part in parts)
    return plain or all(
        _is_in(part, CANCEL | DENY) or _GIVES_UP.fullmatch(trim(part)) for part in parts
    )


def _split(text: str) -> list[str]:
    return [part for part in _MARKS.split(text) if part]


def takes_back_case(text: str) -> bool:
    """Speaks of taking back what was filed already: 我要撤单, 不用来了."""
    if len(text) > _LONGEST_CANCEL + 8 or _LEAVES_CASE.search(text):
        return False
    return _TAKES_BACK_CASE.search(text) is not None


def is_back(text: str) -> bool:
    """One step back, or from the start."""
    return _is_in(text, BACK)


def is_anonymous(text: str) -> bool:
    """Asked for contact: none shall be kept."""
    return _is_in(text, ANONYMOUS) or ("匿名" in text and len(text) <= 12)


def refuses_contact(text: str) -> bool:
    """Asked for contact: no number, in whatever words: 不留，我怕他们知道; 电话就不留了吧."""
    return is_anonymous(text) or (_REFUSES.search(text) is not None and not _NUMBER.search(text))


def asks_why_contact(text: str) -> bool:
    """Asks what his number is wanted for: 要电话干什么, 为什么非要留电话."""
    return _WHY_CONTACT.search(text) is not None


def is_unknown(text: str) -> bool:
    """Asked for something: cannot say."""
    return _is_in(text, UNKNOWN)


def wants_human(text: str) -> bool:
    """Asks for a person, in so many words."""
    if _is_in(text, _HUMAN_WHOLE):
        return True
    return len(text) <= 30 and bool(_HUMAN.search(text)) and not _NOT_HUMAN.search(text)
