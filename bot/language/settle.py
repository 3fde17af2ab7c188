"""What the classifier may not decide alone: danger, short answers, numbers, empty messages.

The classifier learns from sentences; these are matters of lists and of what was found in the
text, so they are settled by rule, in one place, the same for chat, phone and command line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language import answers
from bot.language.insults import is_annoyed, is_mere_insult
from bot.language.models import CategoryGuess, Entity, Intent, leave_out
from bot.language.scope import (
    is_advertisement,
    is_elsewhere,
    is_out_of_scope,
    is_stolen,
    tells_of_trouble,
)

_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORDS = re.compile(r"[\w\u4e00-\u9fff]")
SETTLED = 0.99
"""The confidence of what a rule has settled."""
_POSSIBLE, _LIKELY_TROUBLE = 0.05, 0.15
_PLAIN_CATEGORY, _LIKELY_CATEGORY, _CERTAIN_CATEGORY = 0.7, 0.8, 0.95
_DOUBTFUL = 0.65
_FOREIGN = 0.85
"""From here on a message is out of scope: 帮我叫辆车去机场. Only what is certainly ours, at a place of
the city, speaks against it: 宋家庄地铁站的自动售货机吞钱."""
_TRACE = 0.009
"""More than so much must sound like a report: 国贸停车一小时多少钱 has .002, 门牌掉了 .05."""
_HALF_FOREIGN = 0.7
"""Below this, trouble with what is surely ours is a report though nothing says where."""
_COMPLAINS = re.compile(r"[你您好喂，。\s]*[我俺咱]?们?[想要]{1,2}(?:投诉|举报|反映)")
_UNSORTED = "99999"
_WISHES = {
    "report_case": """我要投诉 我要举报 投诉 举报 我要反映问题 反映问题 我要反映 举报投诉 投诉举报 我要报修 我要求助 上报问题 帮我报一下 顺便帮我报一下 给我报一下 帮我登记一下 帮我报一个 帮我反映一下 帮我登记 帮我上报
        帮帮我 帮帮忙 帮个忙 我需要帮助 求助你们 还有一件 还有两件 还有一件事 还有两件事 还有别的事 还有个事 还有一个事 还有一个问题 我要上报 我想投诉 我想举报 我想反映个问题 我想反映问题 我要举报投诉""",
    "check_case": "查进度 进度查询 查询进度 我要查进度 查工单 查一下进度 工单查询 办理进度 查询工单",
    "ask_policy": "问政策 我想问个政策 咨询 咨询建议 我要咨询 政策咨询 咨询政策 我想咨询一下 我有个问题",
    "make_suggestion": "提建议 我要提建议 我有个建议 提个建议 我想提个建议 我想提建议 建议",
    "give_praise": "表扬 我要表扬 我想表扬",
    "report_error": "挑错 我要挑错 信息有误 纠错",
    "find_market": "我要买菜 买菜 找菜市场 菜市场 早餐点",
    "find_office": "地图查询 找执法队 找城管 找街道办",
    "chitchat": "你好 您好 在吗 在么 喂 谢谢 谢谢您 多谢 再见 拜拜 帮助 菜单 功能",
}
"""The menu's own words and the barest openings; too short for a classifier to be trusted with."""
_ASKS_WHERE = re.compile(
    r"(?:哪儿?有|哪里有|有没有|在哪儿?里?)[^，。]{0,6}(?:厕所|公厕|卫生间|洗手间|停车场|充电桩)"
    r"|(?:厕所|公厕|卫生间|洗手间|停车场|充电桩)[^，。]{0,3}(?:在哪|哪儿?有|怎么走)"
)
_ASKS_PROGRESS = re.compile(
    r"(?:那[个件]|我那|我的|刚才|上次|之前)[^，。？?]{0,12}(?:怎么着了|怎么样了|咋样了|咋着了|到哪一?步|有(?:信儿|结果|消息)(?:没|了吗|吗))"
    r"|(?:今[天晚儿]|明[天早儿]|现在|马上)[^，。]{0,3}(?:能|会|可以)?(?:有人)?(?:来|到|处理|解决|修好?)(?:人|得了)?(?:吗|么|啊|呀|呢)?[？?。]*$"
    r"|^(?:能不能|可不可以|麻烦|请|帮我|给我)?(?:再)?(?:快点儿?|快一点|催一?下|催催|加急)(?:办|处理)?(?:吧|吗|行吗|行不行|啊|呀)?[？?。！!]*$"
)
_ABOUT_STAFF = re.compile(
    r"(?:投诉|举报)你们(?!管|办|能|那|这|帮|说|看|小区|楼)|(?:投诉|举报|(?<![广报公警])告(?![诉知示]))[^，。？?]{0,8}(?:城管(?!横幅)(?!局?(?:电话|在哪|地址))|执法(?:队员|人员)|队员|协管|工作人员|办事员|接线员|坐席)(?![^，。]{0,6}(?:哪|电话|地址|怎么))"
)
_OF_STAFF = re.compile(
    r"(?:城管|执法队?|队员|队的人|执法人员|工作人员|协管|接线员|坐席)[^，。？?]{0,14}(?:态度(?!(?:也|都)?(?:很|非常|特别|挺|真)?好)|恶劣|骂|推(?:我|人|搡|老)|打人|动手|横(?![幅在着七])|蛮|粗暴|索要|乱罚)"
    r"|没穿制服|(?:不|没)(?:出示|给看|亮|掏|拿出?)[^，。]{0,3}证件?[^。]{0,20}(?:推|罚|抢|收|拿|骂|投诉)"
)
_OTHER_STAFF = re.compile("(?:工地|超市|商场|饭店|物业|店里|医院|学校|地铁|公园)(?:的)?工作人员")
_ASKS_OF_STAFF = re.compile(r"[？?]|吗|怎么|哪|找谁|什么|可以不|审批")
_WANTS_MORE = re.compile(
    r"^(?:那|对了|我|还)?[，,\s]*(?:我)?(?:还要|再|还想|要|想)(?:再)?(?:报|反映|投诉|举报|登记)(?:一?个|一?件|一下)(?!政策|法|吗)"
    r"|^(?i:i (?:want|would like|wish|need) to (?:complain|report))|(?:给我|帮我|你给|替我)(?:重新)?登记|我就在这儿?(?:投诉|举报)|(?:我们|这儿|这里|我家)[^。？?]{0,12}[，,]\s*(?:我)?要(?:投诉|举报)(?:他们?)?[。！!]*$"
)
_MENDS = re.compile(r"(?:说|记|写|报|听|填|念)错了?|不对不对|(?<!别)(?<!别给)(?:给)?[记写]成")
"""我电话说错了: a bare answer that takes another back."""
_NOT_WANTED = re.compile("甭|别|不用|不要|不想")
_THANKS = re.compile(
    "终于|致谢|谢忱|谢意|清走|拖走|修好|换好|办了|解决了|点个?赞|感谢|感謝|谢谢|道一?声谢|说声谢|表扬|夸|👍"
)
_LONGEST_SAID = 60
_IRONY = re.compile(
    r"一个(?:人影|人)[^，。]{0,4}(?:没|都没)|没人(?:管|来|收|理|修)|没见(?:着|到)?人|影儿?都没|还没(?:人|来|修|收|处理)|不是表扬|[堆拖等]了(?:半|[一二两三四五六七八九十]|好几|几)[^，。]{0,2}[天月年周]"
)
_LONGEST_ASKED = 24
_TROUBLE_IN_ENGLISH = re.compile(
    r"\b(?:out|broken|dead|missing|blocked|blocking|leak\w*|overflow\w*|dirty|filthy|smell\w*|stink\w*|nois[ey]|loud"
    r"|stolen|crack\w*|fallen|dark|flicker\w*|not work\w*|doesn't work|damaged|dumped|stuck|illegal\w*)\b",
    re.IGNORECASE,
)
_OPENINGS = {word: intent for intent, words in _WISHES.items() for word in words.split()}
_SHORT = 12
"""Characters in which nothing else can be told than the mood."""
_NUMBER_ONLY_REST = 6
"""So few characters beside a case number mean: this one, please."""
_BESIDE_A_PHONE = frozenset("我的家里电话手机座机号码是打联系这个留，。,.：: ")


def settle_intents(
    text: str,
    ranking: Sequence[Intent],
    entities: Sequence[Entity],
    emergency: str | None,
    category: CategoryGuess | None = None,
) -> tuple[Intent, ...]:
    """The ranking, with a settled intent put first where a rule applies.

    `text` is the normalised message, `category` the likeliest problem in it.
    """
    settled = _settled(text, entities, emergency)
    if settled is None and is_stolen(text):
        settled = "out_of_scope"
    if settled is None and (
        _tells_of_ours(text, ranking, entities, category)
        or _is_wrong_in_the_street(ranking, category)
        or _is_told_in_anger(text, ranking, category)
        or (ranking[0].name == "give_praise" and _is_irony(text))
    ):
        ranking = put_first("report_case", ranking)
    if settled is None and ranking[0].name == "inform" and _MENDS.search(text):
        settled = "correct_slot"
    if settled is None and ranking[0].name == "out_of_scope" and _find_number(entities):
        settled = "check_case"  # who has one of our numbers speaks of his case
    if settled is None and _names_a_problem(text, ranking, entities, category):
        settled = "report_case"
    if settled is None and is_out_of_scope(text, ranking, entities, category):
        settled = "out_of_scope"
    goes_before = ranking[0].name == "request_human" or _find_number(entities) is not None
    if is_mere_insult(text) and settled is None and not goes_before:
        settled = "out_of_scope"
    if settled is None:
        return tuple(ranking)
    return put_first(settled, ranking)


def _names_a_problem(
    text: str,
    ranking: Sequence[Intent],
    entities: Sequence[Entity],
    category: CategoryGuess | None,
) -> bool:
    """僵尸车，化工路南侧: a bare answer names no problem, so this is a report told curtly; so is
    早点摊占道, which sounds like a search for breakfast.
    """
    if category is None:
        return False
    if ranking[0].name == "find_market" and ranking[0].confidence < _DOUBTFUL:
        return tells_of_trouble(text) and _is_sure(category, _PLAIN_CATEGORY)
    if ranking[0].name != "inform":
        return False
    odds = {intent.name: intent.confidence for intent in ranking}
    reported, foreign = odds.get("report_case", 0.0), odds.get("out_of_scope", 0.0)
    places = _find_places(entities)
    trouble = tells_of_trouble(leave_out(text, places, "location"))
    certain = _is_sure(category, _CERTAIN_CATEGORY)
    if certain and places and any(entity.entity == "phone" for entity in entities):
        return True  # number, place and trouble in one breath
    if certain and not _HAN.search(text) and _TROUBLE_IN_ENGLISH.search(text):
        return True  # Street lamp is out on Fangyuan Street
    if trouble and (certain or _is_in_the_city(places)) and reported >= _TRACE:
        return True
    if reported < max(_POSSIBLE, foreign):
        return False
    return _is_sure(category, _PLAIN_CATEGORY) or (trouble and reported >= _LIKELY_TROUBLE)


def _tells_of_ours(
    text: str,
    ranking: Sequence[Intent],
    entities: Sequence[Entity],
    category: CategoryGuess | None,
) -> bool:
    """八达岭北门锁那边拉客的追着人不放: what is surely ours, or a place of the city and a wish to
    complain or a trouble there, however foreign it sounds.
    """
    if ranking[0].name != "out_of_scope" or is_elsewhere(text) or is_advertisement(text):
        return False
    places, foreign = _find_places(entities), ranking[0].confidence
    odds = {intent.name: intent.confidence for intent in ranking}
    tells = odds.get("report_case", 0.0) > max(_TRACE, odds.get("ask_policy", 0.0))
    if foreign >= _FOREIGN:
        return tells and _is_in_the_city(places) and _is_sure(category, _CERTAIN_CATEGORY)
    complains = _COMPLAINS.match(text) is not None
    if _is_sure(category, _LIKELY_CATEGORY):
        plain = foreign < _HALF_FOREIGN and tells_of_trouble(text)
        return complains or plain or (tells and bool(places))
    return _is_in_the_city(places) and (complains or tells_of_trouble(text))


def _is_told_in_anger(text: str, ranking: Sequence[Intent], category: CategoryGuess | None) -> bool:
    """暖气不热，气死我了: no mere scolding where the trouble is plain."""
    scolds = ranking[0].name == "chitchat" and is_annoyed(text)
    return scolds and tells_of_trouble(text) and _is_sure(category, _CERTAIN_CATEGORY)


def _is_wrong_in_the_street(ranking: Sequence[Intent], category: CategoryGuess | None) -> bool:
    """宣传布撕了半拉: what is surely a problem of ours is no error in what we tell, if in doubt."""
    odds = {intent.name: intent.confidence for intent in ranking}
    doubtful = ranking[0].name == "report_error" and ranking[0].confidence < _DOUBTFUL
    likely = odds.get("report_case", 0.0) >= _LIKELY_TROUBLE
    return doubtful and likely and _is_sure(category, _PLAIN_CATEGORY)


def _is_sure(category: CategoryGuess | None, least: float) -> bool:
    return category is not None and category.code != _UNSORTED and category.confidence >= least


def _find_number(entities: Sequence[Entity]) -> Entity | None:
    return next((entity for entity in entities if entity.entity == "case_number"), None)


def _find_places(entities: Sequence[Entity]) -> list[Entity]:
    return [entity for entity in entities if entity.entity == "location"]


def _is_in_the_city(places: Sequence[Entity]) -> bool:
    return any(place.data.get("district_code") for place in places)


def put_first(name: str, ranking: Sequence[Intent]) -> tuple[Intent, ...]:
    """The ranking with `name` settled as the intent."""
    return (Intent(name, SETTLED), *(intent for intent in ranking if intent.name != name))


def complains_of_staff(text: str) -> bool:
    """Whether somebody of the service itself is complained of: 我要投诉城管队员."""
    if len(text) > _LONGEST_SAID or _THANKS.search(text):
        return False
    if _ASKS_OF_STAFF.search(text) or _OTHER_STAFF.search(text):
        return False
    return (_ABOUT_STAFF.search(text) or _OF_STAFF.search(text)) is not None


def _wants_to_report(text: str) -> bool:
    short = len(text) <= _LONGEST_SAID and _ASKS_OF_STAFF.search(text) is None
    return short and _WANTS_MORE.search(text) is not None and _NOT_WANTED.search(text) is None


def _is_irony(text: str) -> bool:
    """Praise in the clothes of a complaint: 真行，一个人影都没见着."""
    return _IRONY.search(text) is not None and _THANKS.search(text) is None


def _settled(text: str, entities: Sequence[Entity], emergency: str | None) -> str | None:
    if emergency is not None:
        return "report_case"
    if not _WORDS.search(text):
        if answers.is_affirm(text):
            return "affirm"
        return "deny" if answers.is_deny(text) else "chitchat"
    if answers.wants_human(text) and len(text) <= _SHORT:
        return "request_human"
    if (opening := _OPENINGS.get(answers.trim(text))) is not None:
        return opening
    if answers.asks_about_service(text) or (
        is_annoyed(text) and len(text) <= _SHORT and not tells_of_trouble(text)
    ):
        return "chitchat"
    if answers.is_affirm(text):
        return "affirm"
    if answers.is_deny(text) or answers.is_cancel(text):
        return "deny"
    if complains_of_staff(text) or _wants_to_report(text):
        return "report_case"
    number = _find_number(entities)
    asks_where = _ASKS_WHERE.search(text) and len(text) <= _LONGEST_ASKED
    if asks_where and not (tells_of_trouble(text) or is_elsewhere(text)):
        return "find_market"
    if _ASKS_PROGRESS.search(text) and len(text) <= _LONGEST_ASKED:
        return "check_case"
    if answers.takes_back_case(text) and not tells_of_trouble(text):
        return "check_case"
    if number is not None and len(text) - len(number.text) <= _NUMBER_ONLY_REST:
        return "check_case"
    if text.isdigit():
        return "inform"  # 8888 is no 拜拜
    phone = next((entity for entity in entities if entity.entity == "phone"), None)
    if phone is not None and _BESIDE_A_PHONE.issuperset(text.replace(phone.text, "")):
        return "inform"
    return None
