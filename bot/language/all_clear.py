"""When a danger is over, or was none: said plainly and wholly, for half good news is bad news."""

from __future__ import annotations

import re

from bot.language.emergency import detect_emergency

_ALL_CLEAR = re.compile(
    r"(?<!人)(?<!人都)没事儿?[了啦]|虚惊一场|(?:一场|是个?)误会|不用(?:派人)?来了|(?:火|已经?)(?:被)?(?:扑)?灭了|(?:关|熄)(?:了)?火了|危险解除"
)
"""The danger that was told is over, or was none."""
_STILL = re.compile(
    r"又[^，。]{0,4}(?:着|烧|冒|漏|打)|复燃|还在|现在还|还有|越来越|没灭|快来|救"
    r"|没(?:出|下|上)来|没动静|不是(?:个|一场)?误会|另一|[还就]?剩|一半|一点|(?:我|老|他|她|人|孩子)[^，。]{0,3}在(?:里|上|屋)|不行了?|不喘|昏|晕|没呼吸|味儿?(?:还|很|太|特别)?大"
)
"""And yet not over, or not for everybody."""


def is_all_clear(text: str) -> bool:
    """Whether the resident says that the danger is over: 虚惊一场, 火已经灭了."""
    clear = _ALL_CLEAR.search(text) is not None and _ASKED.search(text) is None
    return clear and _STILL.search(text) is None


_ASKED = re.compile(r"[？?]|(?:吗|么|没有?)[。！!]*$")
_DENIAL = re.compile(
    r"(?:没有?|不是|并非|没在)(?:真的?|什么|人|现在|在|说)?(?:现在)?(?:遇险|着火|起火|火情|火灾|火(?![车锅])|漏气|煤气味|危险|打人|打架|被困|漏电|触电|塌)(?:了|啊|呀)?"
    r"|误报|虚惊一?场?|就是?一说|打个?比方|气话|(?<!没)夸张|不是(?:紧急|急事)|不紧急"
    r"|不用(?:叫|打|找)?(?:119|120|110|救护车|消防|急救)|(?<!人)我没事(?![^。]{0,12}(?:他|她|[爸妈伴婆公]|邻居|孩子|老|楼上|的人))|没事了"
)
_MISTAKE = re.compile(r"(?:弄|搞|听|理解|看)[错岔]了|误会")
_OF_A_PLACE = re.compile(r"[路街楼门院层区]|号|单元|地址|在|你|您|别|不是误会")
"""他弄错了地址: no word of the danger."""
_AND_YET = re.compile(
    "断了|疼|里[面头]|还有人|是真|真[着的快是]|还(?:着|没|躺|烧)|没(?:下来|上来|动静|反应|夸张|误会)|不行|另一|剩|但|可是|还在|不过|又|流血|昏|叫不应|没出来|真的?[着起]火|是(?:煤气|燃气)"
)
_LONGEST_DENIAL = 40


def denies_danger(text: str) -> bool:
    """Whether he says plainly that there is no danger: 没着火，弄错了; 是打桩不是打人."""
    rest = _DENIAL.sub("，", text)
    if rest == text and not _OF_A_PLACE.search(text):
        rest = _MISTAKE.sub("，", text)
    denied = rest != text and len(text) <= _LONGEST_DENIAL and not _ASKED.search(text)
    return denied and _AND_YET.search(text) is None and detect_emergency(rest) is None


_OVER = re.compile(
    r"救(?:下来|上来|出来)了|自己(?:爬|站)?(?:起来|出来|上来)走?了|没(?:有)?大(?:事|碍)|(?<!不)醒(?:过来)?了"
)
_NOBODY_HURT = re.compile("(?:没有?|无)(?:什么)?人?(?:员)?(?:受伤|伤着)")
_BAD_YET = re.compile(
    r"[？?吗疼伤血断昏晕俩又]|没(?:出|下|上)来|没动静|另一|剩|一个|一半|一点|一下|不喘|不行|不动|人没(?!事)|味儿?(?:还|很|太)?大|没呼吸|里[面头]|还有人|还没|但|可是|不过|叫不"
)
_LONGEST_END = 24


def is_over(text: str) -> bool:
    """Whether he says that there is no danger any more; a question or half of it is not enough."""
    over = len(text) <= _LONGEST_END and _OVER.search(text) is not None
    if not (over or denies_danger(text) or is_all_clear(text)):
        return False
    rest = _NOBODY_HURT.sub("", text)
    return _BAD_YET.search(rest) is None and detect_emergency(text) is None
