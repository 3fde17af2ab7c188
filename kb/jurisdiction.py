"""Whether a question is about another place than an article holds for.

Law of one city said to somebody who asks about another is wrong however well the words fit. Only
places named as where it happens count: 上海养狗…, 在天津…; not 上海路, 河北人, 从河北来.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

PLACES_FILE = Path(__file__).parent / "data" / "other_places.txt"

_BEFORE = r"(?:^|[，。？！ ]|在|请问|问一下|问下|想问|打听)"
_NOT_AFTER = r"(?!人|路|街|大街|胡同|站|饭店|宾馆|大厦|菜|小吃|话|牌|籍|车|户口|口音|来的|老乡|银行|桥|庄|村)"


def is_elsewhere(question: str, jurisdiction: str) -> bool:
    """Whether `question` asks about a place outside `jurisdiction`, such as 北京市 or 全国."""
    own = jurisdiction.removesuffix("市").removesuffix("省")
    if own in ("", "全国") or own in question:
        return False
    return any(match[1] not in jurisdiction for match in _places().finditer(question))


@cache
def _places() -> re.Pattern[str]:
    names = sorted(PLACES_FILE.read_text("utf-8").split(), key=len, reverse=True)
    return re.compile(f"{_BEFORE}({'|'.join(names)}){_NOT_AFTER}")
