"""Whether a message is a matter of this service at all: another city, another body, an advertisement.

The classifier knows how such messages sound; which cities and which bodies there are is a matter
of lists. Here the two are weighed, so that a report is never turned away for a word in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language.bodies import find_body
from bot.language.injections import is_injection
from bot.language.models import CategoryGuess, Entity, Intent

_TROUBLE = re.compile(
    r"占|堵|挡|臭|冒|漏|坏了|塌|吵|噪|扰民|乱(?:停|扔|堆|倒|贴|收费|搭)|摆摊|脏|满了|不热|不暖|冰凉|冰冷|停[水电气暖]|[没断][水电气]"
    r"|倒了|没人[管修收扫]|贴满|私搭|积水|破了|裂|松动|遗撒|烧烤|油烟|冒烟|打桩"
)
"""What goes wrong in a street or a home: a message with it may be ours although it sounds otherwise."""
_ELSEWHERE = re.compile(
    r"(?<![学像仿])(?<!人家)(?<!参考)(?<!借鉴)(?<!学习)(?<!看看)(?<!你看)(?:上海|天津|重庆|广州|深圳|成都|杭州|南京|武汉|西安|苏州|郑州|长沙|沈阳|大连|青岛|济南|厦门|福州|合肥|昆明|哈尔滨|长春|太原"
    r"|石家庄|保定|廊坊|燕郊|三河市|香河|固安|涿州|唐山|张家口|承德|南昌|南宁|贵阳|兰州|海口|三亚|呼和浩特|乌鲁木齐|拉萨|银川|西宁"
    r"|河北|河南|山东|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|湖北|湖南|广东|广西|海南|四川|贵州|云南|陕西|甘肃|青海|内蒙古|宁夏|新疆|西藏)"
    r"(?![东南西北中大小新老]?(?:路|街(?![道头])|桥|胡同|园|苑|里|庄|寺|营|会馆))"
    r"(?![^，。]{0,2}(?:大厦|菜|小吃|面馆|饭[店庄]|酒[店楼]|烤|板面|拉面|米线|火锅)|人|话|户口|车牌|牌|籍)"
)
_ASKED = frozenset({"ask_policy", "find_office", "find_market", "check_case", "inform", "affirm"})
"""Intents that a matter of another body is easily taken for."""
_UNSORTED = "99999"
_LIKELY, _FAINT = 0.6, 0.1
_OPENING = 12
_ADVERTISED = re.compile(
    r"欢迎[^，。]{0,4}(?:加盟|咨询|来电|合作|选购|订购)|长期合作|诚招|招商加盟|价格(?:优惠|从优|实惠)|量大从优|(?:专业|承接)[^，。]{0,12}(?:疏通|清洗|搬家|开锁|办证|代办|装修|回收|维修|保洁|除甲醛)"
    r"|加(?:我)?(?:微信|V信|薇信|QQ)[^，。]{0,8}(?:领|送|优惠|返|赚|咨询)|日(?:赚|结)[^，。]{0,4}[0-9]|(?:免费|限时|扫码|点击)[^，。]{0,4}(?:领取|领红包|抢购|注册)|(?:贷款|信用卡|提额)[^，。]{0,6}(?:秒批|秒到|无抵押|套现)"
)
_COMPLAINED = re.compile(r"贴|喷|发|电话|墙|(?<!上)门|杆|满|天天|骗|投诉|举报|管|怎么")


_MINE = r"(?:电动(?:自行)?车|电瓶车?|自行车|摩托车?|车子|汽车|手机|钱包|皮包|背包|现金|电池|快递|箱子|行李|首饰|金[链镯项戒])"
_STOLEN = re.compile(
    rf"{_MINE}[^，。]{{0,14}}(?:被偷|被盗|失窃|(?:让|被|叫|给)人(?:家|给)?(?:偷|顺|骑|推|撬)|偷走|偷了|不翼而飞)|偷(?:走|了)?(?:我|俺|我家)[^，。]{{0,6}}{_MINE}"
    rf"|我[^，。]{{0,6}}{_MINE}(?:昨[天晚]|今[天早]|刚才)?[^，。]{{0,6}}丢了"
)
_OF_THE_STREET = re.compile(r"井盖|箅子|电缆|路灯|护栏|栏杆|花盆|树|公共|共享|乱停|占|堵|充电")


def is_stolen(text: str) -> bool:
    """Whether his own things were stolen: 我电动车昨晚在楼下被偷了. That is for the police."""
    return _STOLEN.search(text) is not None and _OF_THE_STREET.search(text) is None


def tells_of_trouble(text: str) -> bool:
    """Whether something is wrong in a street or a home."""
    return _TROUBLE.search(text) is not None


def is_elsewhere(text: str) -> bool:
    """Whether the message speaks of another city or province."""
    return _ELSEWHERE.search(text) is not None


def is_advertisement(text: str) -> bool:
    """Whether something is offered to us: 专业疏通，价格优惠. Not the complaint about such a note."""
    return _ADVERTISED.search(text) is not None and _COMPLAINED.search(text) is None


def is_out_of_scope(
    text: str,
    ranking: Sequence[Intent],
    entities: Sequence[Entity],
    category: CategoryGuess | None,
) -> bool:
    """Whether a message that was taken for something of ours is not; `text` is normalised."""
    top = ranking[0]
    reported = next((i.confidence for i in ranking if i.name == "report_case"), 0.0)
    if is_injection(text) and reported < _LIKELY and not _is_of_a_case(top):
        return True
    if is_advertisement(text):
        return True
    places = [entity for entity in entities if entity.entity == "location"]
    if any(place.data.get("district_code") for place in places):
        return False
    if _is_told_of_elsewhere(text, places):
        return True
    unsure = category is None or category.code == _UNSORTED or category.confidence < _LIKELY
    if top.name not in _ASKED or places or not unsure or tells_of_trouble(text):
        return False
    body = find_body(text)
    if body is None or (category is not None and category.code in body.categories):
        return False
    foreign = next((i.confidence for i in ranking if i.name == "out_of_scope"), 0.0)
    return foreign >= _FAINT


def _is_of_a_case(top: Intent) -> bool:
    """系统提示会重新派办: who asks after his own case may speak of systems."""
    return top.name == "check_case" and top.confidence >= _LIKELY


def _is_told_of_elsewhere(text: str, places: Sequence[Entity]) -> bool:
    """上海南京路有人摆摊: the other city opens the message or the place; 河北来的货车 does neither."""
    found = _ELSEWHERE.search(text)
    if found is None:
        return False
    if any(
        _ELSEWHERE.match(place.text) or text.startswith(place.text, found.end()) for place in places
    ):
        return True
    after = text[found.end() : found.end() + 2]
    return not places and found.start() < _OPENING and after[:1] not in ("", "来", "过", "产", "货")
