"""The smallest pieces of an expression of time: 昨天, 晚上, 十点半, 每周, 三天前.

`scan_atoms` only finds and names them; `times` joins neighbours into one expression and
`time_bounds` works out what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_N2 = r"(?:[0-9]{1,2}|[一二三四五六七八九十两]{1,3})"
_CN = "零〇一二两三四五六七八九十"
_YEAR = r"(?:(?:19|20)[0-9]{2}|[一二][零〇九][零〇一二三四五六七八九]{2})"
# 五一路, 国庆街: a word of time inside a name is no time.
_NO_NAME = r"(?!路|街|大街|大道|广场|小区|花园|家园|新村|村|社区|公园|桥|胡同|里)"

_DATE = (
    rf"(?<![0-9{_CN}个几])(?:(?P<date_year>{_YEAR}|[0-9]{{2}}|今|去|前|明)年的?)?"
    rf"(?P<date_month>{_N2})月(?!票|饼|经|薪|租|卡|嫂|子|亮|季)"
    r"(?:(?P<date_third>初|上旬|中旬|下旬|底|末)|份)?"
    rf"(?:(?P<date_day>{_N2})(?:[日号](?!楼|院|线)|(?![0-9个一二三四五六七八九十月.])))?"
)
_ISO = (
    r"(?<![0-9])(?P<iso_year>(?:19|20)[0-9]{2})[-/.](?P<iso_month>1[0-2]|0?[1-9])"
    r"[-/.](?P<iso_day>3[01]|[12][0-9]|0?[1-9])(?![0-9])"
)
_YEARS = (
    rf"(?:(?P<year_name>{_YEAR}|今|去|大?前|明|本)年(?!级|纪|龄|轻|代|度|检|货)"
    r"|(?P<year_short>(?<![0-9])[0-9]{2})年(?=初|底|末|上半年|下半年))"
    r"的?(?P<year_part>初|底|末|上半年|下半年|[春夏秋冬][天季]|[开立入][春夏秋冬])?"
)
_DAY_OF_MONTH = (
    rf"(?<![0-9{_CN}第路街巷弄道村里区楼座栋幢园庄甲乙丙丁])(?P<dom>{_N2})[号日]"
    r"(?!楼|院|线|门|库|房|厅|桌|机|车|店|铺|井|柱|杆|棚|地|口|出|登|馆|令|召|称|码|外|内|旁|对)"
)
_DAY = (
    r"大?前天|(?<![跟眼面目])前[日儿](?:个)?(?!子)|昨(?:儿个|[天日儿个])|今(?:儿个|[天日儿个])(?!后)|明(?:儿个|[天日儿])(?!显)|[琴寻尋]日(?![子常])|大?后天|当[天日]|那天|次日|翌日"
    r"|夜儿个|夜个|第二天|[昨今明当](?=晚|夜|早|晨|上午|下午|中午)|前(?=晚)"
)
_WEEKDAY = (
    rf"(?<![每0-9{_CN}])(?P<week_of_day>上上|上|这|本|下下|下)?个?(?:周|星期|礼拜)"
    r"(?P<weekday>[一二三四五六日天末](?![次遍趟回期刊岁年共定]))"
)
_WEEK = (
    r"(?P<period_which>上上|上|这|本|下下|下|当)(?:一|两)?个?"
    r"(?P<period_unit>周(?![边围期村])|星期|礼拜|月(?!球|光|饼)|季度)"
    r"(?P<period_third>初|上旬|中旬|下旬|底|末)?"
)
_HOLIDAY = (
    r"(?P<holiday>国庆节?|五一|元旦|春节|过年|大年三十|大年初[一二三四五六七]|除夕|元宵节?|中秋节?|端午节?"
    r"|清明节|清明(?=期间|假期|前后)|劳动节|十一(?=期间|假期|长假|黄金周)|双十一|暑假|寒假"
    rf"|供暖季|采暖季){_NO_NAME}(?:黄金周|小?长假|假期)?(?:期间|当天|前后|那几?天)?"
)
_MOMENT = r"(?:的?时候|那会儿|那阵儿?|那个?点儿?|时|的点儿?)"
_PART = (
    r"天(?:还)?[没未不]亮|天[刚蒙]亮|天一亮|天(?:一|擦|刚)?黑(?:透|了)?(?:以后|之后|那会儿|下来)?|擦黑|傍黑|一早起来|一早一晚|一早|起早"
    r"|夜黑[儿里]里?|黑夜|[后下]半?晌|[前上]半?晌|头晌|过晌|晚半晌|晚么晌|成晚|通晚"
    rf"|(?:午饭|晚饭|早饭)(?:点儿?|口儿?)|(?:上下?班|下班|放学|上学|接孩子|送孩子|收摊|散场|出摊|吃饭)(?:后|以后|之后|{_MOMENT})"
    r"|大清早|一大早|大早上|清早|清晨|早晨|早上|早间|凌晨|上午|大?中午|正午|晌午|午间|午休(?:时间)?|午后"
    r"|下午|傍晚|黄昏|大晚上|晚上|晚间|深更半夜|三更半夜|大半夜|后半夜|下半夜|前半夜|半夜(?:三更)?"
    r"|夜半|深夜|午夜|夜里|夜间|夜晚|大白天|白天|早晚高峰|上下班高峰期?|[早晚]高峰期?"
    rf"|(?<=[昨今明前当每])[晚夜早晨]|[早晚](?={_N2}点)"
)
_GREETING = r"(?!好(?:[，。！？、~\s啊呀哦]|$)|安[，。！]|市|宵|班车|饭店)"
_CLOCK = (
    r"(?<![0-9:.])(?P<clock_h>[01]?[0-9]|2[0-4]):(?P<clock_m>[0-5][0-9])(?::[0-5][0-9])?(?![0-9])"
    rf"|(?<![0-9.第几{_CN}])(?P<hour>[01]?[0-9]|2[0-4]|[零一二两三四五六七八九十]{{1,3}})"
    r"(?:点(?![0-9一二三四五六七八九]*[%倍万])|时(?!间|候|尚|常|节|代|速|段|而|不|期))"
    rf"(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute>[0-5]?[0-9]|{_N2}|零[一二三四五六七八九五])"
    r"(?:分(?!钟|之))?(?![0-9天个月年])|(?P<sharp>整|钟整?))?"
)
_HABIT = (
    r"每(?:天|日|夜|早|晚上?)|每(?=[晚夜早晨])|天天|日日|夜夜|每(?:个|逢|到)?(?:周末|双休日|节假日)"
    r"|每个?(?:周|星期|礼拜)[一二三四五六日天]?|每个?月|每年的?(?:[春夏秋冬][天季])?"
    r"|每个(?=早上|晚上|夜晚|夜里|上午|下午|中午|凌晨)"
    r"|(?:一|每)到(?:了)?(?=早上|晚上|夜里|夜间|半夜|中午|下午|傍晚|周末|凌晨|饭点)"
    r"|(?:每回|每次|每)?逢(?:大集|集)|每回?大集|晚晚|日日夜夜|成日|整宿|成宿|一宿一宿|一宿|大半宿|(?:一|每逢|逢)(?:下雨|刮风|下雪|雨天)天?|下雨天|刮风下雨|下雨下雪"
    r"|(?:一|每)到了?(?:[春夏秋冬][天季]|下雨天?|雨天|节假日|饭点)"
    r"|一年四季|一年到头|常年|长年累月|全天|整天|成天|整晚|整夜|通宵|彻夜|昼夜|日夜|没日没夜|白天黑夜"
    r"|从早到晚|一天到晚|起早贪黑|24小时|二十四小时|隔三[差岔]五|三天两头|(?<!个)(?<![0-9])工作日|节假日|双休日"
)
_DURATION = (
    r"(?P<lead>这|最近|近|前|过去的?|连续|持续|已经|已|长达|将近)?"
    rf"(?!{_YEAR}年)(?P<count>(?:[0-9]+(?:\.[0-9])?|[{_CN}百]{{1,4}}|半|好?几|数|多)(?:几|多|余|来)?)"
    r"(?P<unit>天|日(?!期|本|常|子)|个?多?半?星期|个?多?半?礼拜|周(?![边围期一日末年])|个?多?半?月"
    r"|年(?![级纪龄轻代度检底初末份月])|个?多?半?小时|个?半?钟头|分钟|个?晚上)"
    r"(?P<more>半|多)?(?P<tail>了|以来|来(?!的?[人车])|之前|以前|前(?![面往台后方去来门])"
    r"|之后|以后|后(?![面来门]))?"
)
_VAGUE = (
    r"刚才|刚刚(?!好)|方才|刚(?=发生|过去|有人|看到|路过)|此刻|这会儿?|眼下|现在|目前|当前(?!位置|地点)"
    r"|最近(?!的)(?:一段时间|几天|一阵子?)?|近期|近来|近日|近段时间|近些年来?|近年来?"
    r"|这阵子?|这段时间|这些天|这些日子|前些天|前些日子|前阵子?|前一阵子?|前段时间|前一段时间"
    r"|日前|当时|多年来"
    rf"|(?:农历|阴历|旧历)?(?:[正冬腊]月(?!饼)(?:初{_N2}|二?十[一二三四五六七八九]?|廿[一二三四五六七八九])?)"
    r"|(?:大?[夏冬春秋]天(?![的]?衣|装)|[夏冬春秋]季|[入立][春夏秋冬]|开春|三伏天|三九天|数九天|雨季|汛期)(?:里|以后|之后|以来|那阵子?)?"
    r"|(?:拆迁|搬来|搬进来|入住|开业|开工|动工|装修|交房|退休|过完年)(?:那[年天月]|那会儿|那阵子?|以后|以来|之后)"
)

_KINDS = {
    "iso": _ISO,
    "habit": _HABIT,
    "weekday_": _WEEKDAY,
    "period": _WEEK,
    "date": _DATE,
    "duration": _DURATION,
    "year": _YEARS,
    "vague": _VAGUE,
    "day": _DAY,
    "holiday_": _HOLIDAY,
    "part": rf"(?:{_PART}){_GREETING}",
    "clock": _CLOCK,
    "dom_": _DAY_OF_MONTH,
}
# Most characters begin no expression of time; one set sends them on at once.
_FIRST = (
    r"(?=[0-9零〇一二两三四五六七八九十百今去前明大本这上下当昨后那次翌第周星礼国元春过除中端清劳双暑寒供采"
    r"早凌午正晌傍黄晚夜深半白每天日逢琴寻尋擦起黑头放接送收散吃大出夏冬秋入立开雨汛拆搬装交退刮常长全整成通彻昼没从起隔工节最近连持已将好几数多刚方此眼现目农阴旧腊])"
)
_ATOM = re.compile(
    _FIRST + "(?:" + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()) + ")"
)


@dataclass(frozen=True, slots=True)
class TimeAtom:
    """One piece: its kind (iso, date, day, part, clock, habit, …) and its named parts."""

    kind: str
    start: int
    end: int
    text: str
    parts: Mapping[str, str]


_CLOCK_CONTEXT = re.compile(
    r"(?:有|差|快|慢|早|晚|多|少|大|小|好|重|轻|高|低|近|远|这|那|哪|提|点|几)$"
)
_COUNTED_POINTS = re.compile(
    r"(?:建议|意见|问题|要求|希望|原因|疑问|诉求|理由|情况|说明|内容|看法|[都也不没儿]|点)"
)
_SMALL_WORDS = frozenset({"一点", "一时", "十分"})


def scan_atoms(text: str) -> Iterator[TimeAtom]:
    """Yield the pieces of time in normalised `text`, in order and without overlaps."""
    at = 0
    while match := _ATOM.search(text, at):
        kind = match.lastgroup or ""
        at = max(match.end(), match.start() + 1)
        if not _is_time(kind, match, text):
            continue
        parts = {name: part for name, part in match.groupdict().items() if part is not None}
        yield TimeAtom(kind.rstrip("_"), match.start(), match.end(), match.group(), parts)


def _is_time(kind: str, match: re.Match[str], text: str) -> bool:
    if kind == "duration":
        return bool(match.group("lead") or match.group("tail"))
    if kind == "clock" and match.group("hour"):
        before, after = text[: match.start()][-2:], text[match.end() : match.end() + 2]
        if match.group() in _SMALL_WORDS and _CLOCK_CONTEXT.search(before):
            return False
        return not (match.group().endswith("点") and _COUNTED_POINTS.match(after))
    return True
