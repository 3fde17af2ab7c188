"""People a resident names: himself (我姓张), 王先生, 李阿姨, 联系人：赵敏."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.language.models import Entity
from bot.language.segmentation import Segmenter

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜"
    "崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施"
    "文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷"
    "盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁房滕屈饶解牟艾尤时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席"
)
_DOUBLE = "欧阳|上官|司马|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|司徒|东方|独孤|南宫|端木|呼延"
_SURNAME = rf"(?:{_DOUBLE}|[{_SURNAMES}])"
_TITLE = (
    r"先生|女士|小姐|大爷|大妈|大娘|大姐|大哥|大叔|大婶|阿姨|叔叔|奶奶|爷爷|师傅|老师|经理|主任|队长|所长|科长|局长"
    r"|处长|站长|书记|医生|大夫|老板娘?|律师|同志|警官|教授|校长|院长|会计|护士"
    r"|总(?![是共有在体算之要想会的得部站裁])|[某]{1,2}(?![路街区县市村镇])|工(?=程师)工?程师"
)
_SHORTEST_NAME = 2
_ADDRESSED = re.compile(rf"(?P<name>{_SURNAME}(?P<given>[\u4e00-\u9fff]{{0,2}}?)(?:{_TITLE}))")
_ANY = re.compile(rf"{_TITLE}|姓|我叫|我是|名|联系人|叫我")
_SAID = re.compile(rf"(?:我|本人|免贵|贵)姓(?P<name>{_SURNAME})(?![名氏])")
_CALLED = re.compile(
    rf"(?:我(?:的名字)?叫|我是(?=[^，。]{{2,4}}[，。])|我名叫|本人叫|姓名[是为：:]{{0,2}}|联系人[是为：:]{{1,2}}"
    rf"|名字[是叫]|叫我)(?P<name>{_SURNAME}[\u4e00-\u9fff]{{1,2}})"
)
_NOT_GIVEN = frozenset("是在的了我你他家住有和想要就说电手联地反投举打这那，。")
_NOT_SURNAME_TAGS = frozenset({"p", "d", "c", "u", "r"})


def read_persons(text: str, words: Iterable[str], segmenter: Segmenter) -> list[Entity]:
    """Find people named in normalised `text`; `value` is as said (王先生) or the bare name.

    `words` are the words of `text` as `segmenter` cut them.
    """
    if not _ANY.search(text):
        return []
    found: list[Entity] = []
    readings = [*_read_addressed(text, words, segmenter), *_read_stated(text)]
    for entity in sorted(readings, key=lambda entity: (entity.start, -entity.end)):
        if not found or entity.start >= found[-1].end:
            found.append(entity)
    return found


def _read_addressed(text: str, words: Iterable[str], segmenter: Segmenter) -> Iterator[Entity]:
    """王先生, where a word begins at the surname and is no everyday word (任何老板, 司机师傅)."""
    at = 0
    for word in words:
        start, at = at, at + len(word)
        match = _ADDRESSED.match(text, start)
        if match is None or _NOT_GIVEN.intersection(match.group("given")):
            continue
        everyday = segmenter.is_common(word) and len(word) > 1 and match.end() > at
        if everyday or segmenter.tag_of(word) in _NOT_SURNAME_TAGS:
            continue
        yield _entity(match, text)


def _read_stated(text: str) -> Iterator[Entity]:
    for pattern in (_SAID, _CALLED):
        for match in pattern.finditer(text):
            yield _entity(match, text)


def _entity(match: re.Match[str], text: str) -> Entity:
    start, end = match.span("name")
    while end - start > _SHORTEST_NAME and text[end - 1] in _NOT_GIVEN:
        end -= 1
    return Entity("person", text[start:end], text[start:end], start, end)
