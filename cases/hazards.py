"""Traps in a street (安全隐患): an open manhole, a hole in the road, a wire hanging down.

Nobody has been hurt, so it is no emergency; but it is not left lying for a week either.
"""

from __future__ import annotations

import re

_OPEN = (
    r"(?:井盖|盖板|箅子|井盖子)[^，,。；;！!？?]{0,6}(?:丢|没了|没有了|不见|缺失|被偷|被盗|掀开|翻起|翻了|敞|塌|掉[了进]|断了|碎了)"
    r"|(?:丢|没|缺|少)了?(?:个|块)?(?:井盖|盖板|箅子)|(?:井口|井|检查井)[^，,。；;]{0,4}(?:敞着|敞开|张着|没盖|没有盖|开着口)"
)
_SUNK = r"(?:路面|地面|马路|便道|人行道|地砖)[^，,。；;]{0,6}(?:塌陷|塌了|塌方|塌下|陷下|陷了|沉陷|(?:下面|底下)(?:都)?空了|大洞|大窟窿|大坑)"
_HANGS = (
    r"(?:电线|线缆|光缆|电缆|网线|通信线)[^，,。；;]{0,8}(?:掉下|掉地|掉到|垂下|垂到|垂着|耷拉|断了|落地|拖地)"
    r"|(?:大?树枝?|广告牌|店招|招牌|灯杆|路灯杆|电线杆|牌子|外墙皮?|墙皮|瓷砖|玻璃(?!上)|空调外机|指示牌)"
    r"[^，,。；;]{0,8}(?:[要快]倒|[要快]掉|[要快]砸|摇摇欲坠|倾斜|歪了|松动|悬着(?!灯)|半挂)"
)
_TRAP = re.compile(f"{_OPEN}|{_SUNK}|{_HANGS}")
_NOT = re.compile(
    r"翻新|(?:没|不会|没有)[丢塌倒掉](?!着|到)|已经?(?:修|补|换|扶|清)[好上完了]|怕(?!人|老人|孩子|小孩|摔|绊|有人)[^，,。]{0,6}[丢塌倒]"
)


def is_hazard(told: str) -> bool:
    """Whether whoever passes may be hurt by it: 井盖丢了, 电线耷拉到地上, 路面塌了个大坑."""
    return any(
        _TRAP.search(clause) and not _NOT.search(clause)
        for clause in re.split(r"[。；;！!？?\n]", told)
    )
