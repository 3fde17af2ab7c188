"""Emergencies: found in haste and misspelt, not in fears, rules, the past and look-alikes."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.all_clear import is_all_clear
from bot.language.emergency import detect_emergency, tense_of
from bot.language.normalise import normalise

GOING_ON = {
    "fire": (
        "下水口里窜出来一团火", "我家着火了", "楼下饭店着火了快来", "隔壁冒烟了", "小区里有人放火", "厨房起火了怎么办啊",
        "三号楼五层着火，好大的烟", "找火了找火了", "楼道里全是浓烟", "地下室往外冒浓烟",
        "昨天开始地下室一直冒烟现在还在冒", "电动车充电着火了", "垃圾桶着火了，旁边就是车",
        "着火了怎么办快快快", "旁边那辆车着了", "火都上二楼了", "there is a fire in my building",
    ),
    "gas": (
        "我闻到好大的煤气味", "楼道里有燃气味道", "天然气漏了", "一股没气味 很大", "媒气味好重",
        "施工把燃气管挖断了在漏", "闻到煤气味应该打什么电话", "燃气报警器一直响",
        "煤气漏了怎么办快", "strong gas smell in the stairwell", "打孔打穿了，管子漏气了",
        "the hallway reeks strongly of gas", "灶台后面的煤气管子还漏着呢", "阀门那儿哧哧地往外冒气",
        "早上起来老两口都迷糊，屋里生着炉子一宿没开窗户", "昨晚烧炭取暖，今天一家人头晕",
        "隔壁大爷屋里点着煤炉，刚才说头晕恶心",
    ),
    "medical": (
        "有个老人晕倒在路边了", "有人流了好多血", "我妈摔倒起不来了", "大爷突发心脏病",
        "有人躺在地上一动不动", "有个摊贩晕过去了", "老人家喘不过气来", "头被砸破了一直流血",
        "大爷倒在路边，叫他没反应", "人喘不上来，嘴唇发紫", "someone fell and is not breathing",
    ),
    "police": (
        "有人拿刀砍人", "俩人抄起菜刀砍上了", "楼下打架了，打得很凶", "救命啊有人打我", "有人抢我的包", "我被人打了",
        "有人正在撬我家门", "有个男的一直尾随我", "摊贩拿刀威胁要杀我", "救命",
        "两个司机下车互殴", "家里进贼了，我躲着呢", "他举着剪刀往我胸口戳", "那人攥着改锥捅他", "someone is breaking into my apartment",
    ),
    "collapse": (
        "路面塌陷了一个大坑", "楼塌了", "广告牌掉下来砸到人了", "脚手架快倒了", "房子要塌了",
        "塌了塌了快来人", "阳台玻璃掉下来砸到行人",
        "招牌要掉了", "大牌子就剩一根铁丝吊着", "墙头的砖往下掉",
    ),
    "self_harm": ("有人要跳楼", "我不想活了", "对面楼顶坐着一个人想往下跳",
        "楼顶边上坐着个姑娘", "往自己身上浇汽油", "I don't want to live anymore"),
    "electric": ("高压线断了掉在地上", "路灯杆漏电，电到人了", "变压器冒火花", "有人触电了",
        "断了的线头耷拉着，带电", "电线掉下来，冒火星", "我扶了一下灯杆手也麻了"),
    "rescue": ("有人掉井里了", "孩子掉进河里了", "我被困在电梯里了", "电梯里关了三个人",
        "有人掉下站台了", "船翻了", "trapped in the elevator, 3 people"),
    "traffic": ("路口出车祸了", "有个老人被车撞了", "渣土车把骑车的人撞倒了",
        "车底下卷着个骑电动车的", "刹车失灵了", "hit and run, the girl is on the ground"),
}  # fmt: skip

NO_DANGER_NOW = (
    # look-alikes
    "消防通道被占了", "楼下烧烤摊油烟很大", "烟囱冒黑烟污染空气", "对面饭店油烟直排，厨房冒烟",
    "跳楼价大甩卖的喇叭太吵", "有人在打扫卫生", "小区里打电话的人", "摊贩抢地盘", "砸墙装修太吵",
    "电线杆上贴满小广告", "网线掉下来了", "夜市生意很火爆", "放鞭炮像爆炸一样", "救命通道被堵了",
    "没气了怎么充值", "下水道返臭，一股臭鸡蛋味", "烧秸秆浓烟滚滚", "有人在河边烧纸", "墙皮脱落",
    "围挡倒了半边，没砸着人，影响走路", "树倒了横在路边", "招牌字掉了一个", "护栏让车撞倒了",
    "水管子漏着呢", "燃气费怎么缴", "举着羊肉串签子边走边吃", "房价打骨折了", "直播翻车了", "跟抢钱似的", "手机信号塌了", "店里搞跳楼大清仓", "街道办事处电话",
    "气得我想打人", "燃气灶打不着火", "这路口老出车祸", "这设计真是自杀式的路口",
    # rules and questions
    "着火了应该打什么电话，孩子做手抄报用", "触电急救口诀给发一份", "触电了该怎么急救，单位考试用",
    "三年前着火熏黑的外墙到现在没粉刷", "听说电动车雨天会漏电，真的吗", "以为楼上失火，原来是蒸汽",
    "煤气费怎么交", "着火了怎么办", "发生火灾应该怎么办", "高空抛物罚多少钱", "打架归城管管吗",
    "燃放烟花引起火灾怎么处罚", "如果发现煤气泄漏应该怎么办", "打人怎么处罚", "燃气管道什么时候安检",
    # fears
    "怕着火", "电动车在楼道充电容易着火", "万一着火了消防车进不来", "存在火灾隐患",
    "树枝把电线压弯了，怕掉下来", "井盖丢了怕有人掉进去",
    # the past
    "上个月楼下着过火", "去年这里塌过一次", "昨天楼下打架了，已经处理了", "听说隔壁小区着过火",
    "三年前我在这里被车撞过",
    # denied
    "没有着火，就是味道大", "并没有人受伤",
    # strong words
    "吵得我要死了", "热死了", "广场舞吵得心脏病都要犯了", "我们店生意不行了",
    # nothing at all
    "", "。", "转人工", "共享单车倒了一片", "建议多种树",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "said"), [(kind, said) for kind, listed in GOING_ON.items() for said in listed]
)
def test_a_danger_now_is_found(kind: str, said: str) -> None:
    assert detect_emergency(normalise(said).text) == kind
    assert detect_emergency(said) == kind


@pytest.mark.parametrize("said", NO_DANGER_NOW)
def test_no_alarm_without_a_danger_now(said: str) -> None:
    assert detect_emergency(normalise(said).text) is None


def test_a_letter_about_the_past_raises_no_alarm_but_a_cry_in_it_does() -> None:
    letter = "我们小区的情况一直没有人管，" * 20 + "楼道起火，大家都很害怕。"
    assert detect_emergency(letter) is None
    assert detect_emergency(letter + "现在三楼着火了，快来人！") == "fire"


@settings(deadline=None, max_examples=150)
@given(text=st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
def test_takes_any_text(text: str) -> None:
    assert detect_emergency(text) is None or isinstance(detect_emergency(text), str)


@pytest.mark.parametrize("piece", ["着火", "没", "电线", "墙", "怕", "掉", "人", "撞", "，", "a"])
def test_a_very_long_text_takes_no_longer_than_it_should(piece: str) -> None:
    start = process_time()
    detect_emergency(piece * (20_000 // len(piece)))
    assert process_time() - start < 3


@pytest.mark.parametrize(
    "text",
    ["虚惊一场，是锅烧糊了，不是着火", "没事了，煤气味是隔壁刷漆", "火已经扑灭了，不用来了"],
)
def test_all_clear_ends_the_alarm(text: str) -> None:
    assert is_all_clear(text)


@pytest.mark.parametrize(
    "text",
    ["刚说灭了，又着起来了快来", "撞车了，人没事了，车还在冒烟", "着火了", "我关火了，还有煤气味"],
)
def test_what_flares_up_again_is_not_over(text: str) -> None:
    assert not is_all_clear(text)


@pytest.mark.parametrize(
    "text",
    [
        "楼下炭火烧烤熏得我头疼，天天如此", "去年冬天炉子熏得我头晕", "烧煤炉子头晕怎么处罚",
        "这停车费是抢钱呢", "气炸了，又把车停便道上",
    ],
)  # fmt: skip
def test_what_only_sounds_like_it_is_none(text: str) -> None:
    assert detect_emergency(text) is None


@pytest.mark.parametrize("text", ["昨天看个电影，有人被绑架了", "我梦见自己，掉进河里了"])
def test_a_danger_in_a_story_is_none(text: str) -> None:
    assert detect_emergency(text) is None


@pytest.mark.parametrize(
    ("sentence", "before", "tense"),
    [
        ("就这会儿烟顺着楼梯往上走", "", "now"),
        ("今天晚上又闹起来了", "", "now"),
        ("他趴在那儿不动", "刚才楼下又打起来了。", "now"),
        ("他趴在那儿不动", "楼下老打架。", "unsaid"),
        ("有一回他把人按在地上打", "", "past"),
        ("我爸现在披着棉衣开着灶取暖，万一中毒怎么办", "", "past"),
        ("我这回真是怕了，刚才他又踹门", "", "now"),
    ],
)
def test_when_a_sentence_of_a_letter_happens(sentence: str, before: str, tense: str) -> None:
    assert tense_of(sentence, before) == tense
