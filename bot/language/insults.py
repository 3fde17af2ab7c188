"""Abuse, mere annoyance, and how little else a message may say to be nothing but abuse."""

from __future__ import annotations

import re

_INSULT = re.compile(
    r"废物|傻[逼子叉叼屌帽xXbB]|煞笔|沙雕|(?<![a-z])sb(?![a-z])|智障|弱智|脑残|脑瘫|白痴|混蛋|浑蛋|饭桶|畜生|人渣|贱[人货]|蠢[货猪驴]"
    r"|(?<!想)去死|死全家|全家死|不得好死|王八[蛋羔犊]|狗(?:东西|屁|日的|娘养|腿子|杂种|官)|杂种|吃屎|放屁|不要脸|臭不要|吃干饭"
    r"|[操草艹肏日干](?:你|尼)(?:妈|娘|大爷|全家|祖宗|奶奶|先人|老|八辈)|他妈|妈的|尼玛|你妈[逼比的死]?(?=[！!。，,]|$)|你大爷的|日你"
    r"|滚(?:蛋|开|犊子|吧|出去|远|一边|你)|^滚+[！!。]*$|神经病|(?:你们?|脑子|神经)[^，。]{0,2}有病"
    r"|垃圾(?:系统|机器|客服|东西|城管|政府|部门|热线|玩意|软件|人工)"
    r"|(?:城管|你们?|客服|机器人?|政府|热线|系统)[^，。]{0,4}(?:是|就|都|全|真)[^，。]{0,3}(?:垃圾|骗子|强盗|土匪|流氓)"
    r"|(?:一[群帮]|大)(?:骗子|强盗|土匪|流氓|垃圾)|^(?:骗子|垃圾|流氓|土匪|强盗)[！!。]*$"
    r"|fuck|shit\b|asshole|bastard|bitch|idiot|stupid|moron|🖕",
    re.IGNORECASE,
)
_ANNOYANCE = re.compile(
    r"没用|没啥用|干不了|干不成|不管用|白养|糊弄|敷衍|什么破|破系统|破机器|曝光|(?:找|叫|给|上)(?:[^，。]{0,4})(?:记者|媒体|电视台(?!对|旁|附|门|那))|发(?:到)?(?:抖音|微博|网上)|上抖音|你们(?:是|都)?死人|[八几][百十]遍|又是你们|笨|蠢|气死|烦死|答非所问|听不懂(?:人|我)|😡|🤬|👿|💢|😠"
)
_FILLING = re.compile(
    r"你们?|您|他们?|我们?|老子|这|那|些|个|帮|群|伙|就|都|全|真|是|的|了|吧|啊|呀|嘛|吗|给|一|什么|玩意儿?|东西|人|赶紧|快|还|不|去|死"
    r"|城管|客服|机器人?|系统|热线|政府|部门|智能|助手|公务员|和|跟|有|在|家"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MOST_REST = 3
"""Chinese characters left over that still tell nothing."""
_LONGEST_FOREIGN = 40


def is_insult(text: str) -> bool:
    """Whether there is abuse in it, whatever else there is."""
    return _INSULT.search(text) is not None


def is_mere_insult(text: str) -> bool:
    """Whether it is abuse and nothing else: 一群废物 is, 一群废物，楼下垃圾三天没人收 is not."""
    if not is_insult(text):
        return False
    rest = _FILLING.sub("", _INSULT.sub("", text))
    if _HAN.search(text) is None:
        return len(text) <= _LONGEST_FOREIGN
    return len(_HAN.findall(rest)) <= _MOST_REST


def is_annoyed(text: str) -> bool:
    """Whether the resident is only fed up with the service: no abuse, and no reason for a warning."""
    return _ANNOYANCE.search(text) is not None and not is_insult(text)
