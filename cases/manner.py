"""How a report is told: as one more of an earlier one, as a wish, as thanks. Pure."""

from __future__ import annotations

import re

_EARLIER = re.compile(
    r"上次|上回|之前|前(?:几天|些天|阵子|两天)?(?:反映|投诉|说|报|留言|来信|咨询)|再次|又一次|第[二三四五六七八九两0-9]次|催办?"
    r"|再(?:反映|投诉|催|问|请)|(?:反映|投诉|报|说|咨询|举报|来信|写信)过|[0-9一二三四五六七八九十]+月份?[^，。]{0,4}(?:就|反映|投诉|写信|报)"
    r"|半个?月前|距上|工单|办结|回访|复查|追问|进展|下文|答复|回复|整改|处理结果|转(?:给|到)?了?园林"
    r"|还没(?:有)?(?:人|解决|处理|修|弄|动|清|抽)|还是(?:没|那|老|一?样|有)|仍然?|依然|依旧|至今|迟迟|一直没|又过了|没有?人?处理|不满意|过去了|来(?:看|查)过|上周来"
)
_AGAIN = re.compile(r"今年|今冬|今夏|新学期|又(?:来了?|是|开始|到|下|有|结|飘)|每年|去年")
_WISH = re.compile(
    r"(?:建议|希望|盼望?|恳请|请求?|想|能不能|能否|可否|应该|尽快|早日)[^，。；！？]{0,14}"
    r"(?:增设|增加|加装|加设|安装|新建|(?<![住城])建(?![议筑委])|施划|画|开通|增开|架设|设置|设立|规划|开设|装|引进|配备|配建)"
    r"|(?:没有|缺少?|无)[^，。；！？]{0,6}(?:红绿灯|信号灯|斑马线|人行横道|路灯|公厕|厕所|充电桩|站|坡道|学校|幼儿园|公园|摄像头|减速带|天桥|电梯)"
)
_AT_WORK = re.compile(
    r"坏|不亮|断了?|停用|停了|停水|失灵|破损|损坏|现有|脱班|被(?:锁|堵|占|撞)|没人(?:修|管)|异响|扰民|太长|太短|太慢|难等|不来|等了|对着|漏|锁着|扫不了|脏|臭"
)

_PRAISES = re.compile(r"点个?赞|锦旗|感谢信|表扬信?(?!自己)|竖(?:起)?大拇指|叫好")
_THANKS = re.compile(r"谢谢|感谢|多谢|辛苦了")
_DONE = re.compile(
    r"(?:终于|总算|当天|当晚|第二天|隔天|很快|马上|及时|不到[^，。]{1,6}|果然)[^，。]{0,14}"
    r"(?:修好|装好|换好|换上|换了|解决|清走|清了|清理|拆了|撤走|搬走|通上|通了|恢复|安静|亮了|来电|热了|补上|补好|干净)"
)


def tells_of_earlier(text: str) -> bool:
    """Whether it says that the matter was told before, or is still as it was."""
    return _EARLIER.search(text) is not None


def tells_of_again(text: str) -> bool:
    """Whether it tells of what comes back (今年又开始): another time, not one that stays."""
    return _AGAIN.search(text) is not None


def wishes_for(text: str) -> bool:
    """Whether it asks for something that is not there (建议增设公厕, 没有红绿灯)."""
    return _WISH.search(text) is not None


def finds_fault(text: str) -> bool:
    """Whether something that is there does not do what it should."""
    return _AT_WORK.search(text) is not None


def thanks(text: str) -> bool:
    """Whether it praises what was done (给师傅点个赞, 终于修好了谢谢), not only ends politely."""
    if _PRAISES.search(text):
        return True
    return _THANKS.search(text) is not None and _DONE.search(text) is not None
