"""Pinyin: what residents type without characters is read; English and names stay."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.normalise import normalise
from bot.language.pinyin import spell_out

# Typed, meant, and the word that must be right.
MESSAGES = """
lou xia shaokao tai chao le|楼下烧烤太吵了|烧烤
tiantongyuan dong er qu laji dui le hao duo tian|天通苑东二区垃圾堆了好多天|垃圾
zhao huo le|着火了|着火
wo yao tousu 朝阳区 shigong raomin|我要投诉朝阳区施工扰民|投诉
louxia you ren luan ting che|楼下有人乱停车|停车
wo yao jubao wei jian|我要举报违建|违建
xiaoqu li de ludeng huai le san tian le|小区里的路灯坏了三天了|路灯
jing gai diu le hen wei xian|井盖丢了很危险|井盖
men kou you ren zhan dao jing ying|门口有人占道经营|占道经营
mei qi xie lou le kuai lai ren|煤气泄漏了快来人|煤气
banye hai zai shi gong shui bu zhao|半夜还在施工睡不着|施工
wo de gong dan dao na le|我的工单到哪了|工单
zhuan ren gong|转人工|人工
bang wo zhuan ren gong ke fu|帮我转人工客服|人工
xiao guang gao tie man le lou dao|小广告贴满了楼道|小广告
chaoyangqu wangjing jie dao zha tu che bu gai bu|朝阳区望京街道渣土车不盖布|渣土车
hai dian qu zhong guan cun lu mian ta le yi ge keng|海淀区中关村路面塌了一个坑|路面
fan guan you yan tai da le qiang de bu xing|饭馆油烟太大了呛得不行|油烟
guang chang wu yin xiang tai da|广场舞音响太大|广场舞
gong ce tai zang le mei ren da sao|公厕太脏了没人打扫|公厕
wu shui mao chu lai le liu le yi di|污水冒出来了流了一地|污水
xiao fang tong dao bei che du si le|消防通道被车堵死了|消防通道
you ren zai lou dao li gei dian dong che chong dian|有人在楼道里给电动车充电|电动车
lin ju zhuang xiu zhou mo ye bu ting|邻居装修周末也不停|装修
gong di yang chen hen da|工地扬尘很大|扬尘
you ren si da luan jian|有人私搭乱建|私搭乱建
gong xiang dan che dui zai men kou chu bu qu|共享单车堆在门口出不去|共享单车
nuan qi bu re jia li hen leng|暖气不热家里很冷|暖气
ting shui le shenme shihou lai|停水了什么时候来|停水
dian ti huai le lao ren xia bu le lou|电梯坏了老人下不了楼|电梯
gou bu shuan sheng zi yao le ren|狗不拴绳子咬了人|狗
shu zhi ya duan le dian xian|树枝压断了电线|电线
lou shang wang xia reng laji|楼上往下扔垃圾|垃圾
wo xiang zi xun yi xia yang gou ban zheng|我想咨询一下养狗办证|咨询
da san yuan fang yan hua fa kuan duo shao|打三元放烟花罚款多少|罚款
hong lv deng bu liang le|红绿灯不亮了|红绿灯
hei che zai di tie kou la ke|黑车在地铁口拉客|黑车
huilongguan dajie liang ce bai tan|回龙观大街两侧摆摊|摆摊
fengtaiqu fangzhuang zao shi zai na li|丰台区方庄早市在哪里|早市
tongzhou beiyuan guanggaopai yao diao le|通州北苑广告牌要掉了|广告牌
ting che chang luan shou fei|停车场乱收费|停车场
wo men lou xia shao kao tan mao yan|我们楼下烧烤摊冒烟|烧烤
xie xie ni men chu li de hen kuai|谢谢你们处理得很快|处理
wo yao biao yang cheng guan|我要表扬城管|城管
you ren kai qiang da dong|有人开墙打洞|开墙打洞
zao yin rao min zen me tou su|噪音扰民怎么投诉|投诉
qing wen wei zhang jian zhu gui shei guan|请问违章建筑归谁管|违章建筑
jie dao ban dian hua shi duo shao|街道办电话是多少|电话
zuo tian wan shang shi yi dian kai shi chao|昨天晚上十一点开始吵|昨天
wo zhu zai changping qu huoying|我住在昌平区霍营|昌平
liu dong tan fan tian tian du lu|流动摊贩天天堵路|摊贩
xia shui dao du le chou si le|下水道堵了臭死了|下水道
ren xing dao di zhuan sui le lao ren shuai le|人行道地砖碎了老人摔了|人行道
jia pang bian de gong di ye li da zhuang|家旁边的工地夜里打桩|工地
che wei bei di suo zhan le|车位被地锁占了|地锁
qun zu fang zhu le er shi duo ge ren|群租房住了二十多个人|群租房
wu ye bu guan shi|物业不管事|物业
louxiashaokaotaichaole|楼下烧烤太吵了|烧烤
xueyuan lu laji tong man le mei ren qing|学院路垃圾桶满了没人清|垃圾桶
lou xia sao kao tai cao le wo yao tou shu|楼下烧烤太吵了我要投诉|投诉
"""
ROWS = [row.split("|") for row in MESSAGES.split("\n") if row]

ENGLISH = [
    "street lamp is out", "hi there", "KTV", "SOHO", "WiFi", "app", "ofo", "e-bike", "京A12345",
    "http://wo.yao/tousu", "wo.yao.tousu@tou.su", "he can sing a song", "she can change a name",
    "can you change the game", "the women are here", "there is a big hole on my street",
    "please send a man to Chaoyangmen street", "I am at Wangjing SOHO", "hello", "ok", "OK",
    "a panda and a banana", "my phone is broken", "they dance and sing at dawn", "men can run long",
    "有人在KTV唱歌", "我在SOHO附近", "用app报的", "WiFi连不上", "e-bike乱停", "ofo堆成山",
    "打taxi来的", "车牌京A12345", "see www.beijing.gov.cn/fuwu/lou", "A座 B座 3号楼", "iPhone丢了",
    "CEO NANA", "no water in my house for two days", "noise from the shop next door",
]  # fmt: skip


def count_right(meant: str, read: str) -> int:
    """Characters right in their place; messages are decoded syllable by syllable."""
    return sum(one == other for one, other in zip(meant, read, strict=False))


def test_reads_sixty_messages() -> None:
    assert len(ROWS) == 60
    read = [normalise(typed).text for typed, _, _ in ROWS]
    right = sum(count_right(row[1], text) for row, text in zip(ROWS, read, strict=True))
    words = sum(row[2] in text for row, text in zip(ROWS, read, strict=True))
    assert right / sum(len(row[1]) for row in ROWS) >= 0.93
    assert words / len(ROWS) >= 0.95


@pytest.mark.parametrize("text", ENGLISH)
def test_leaves_english_brands_plates_and_addresses(text: str) -> None:
    assert spell_out(text) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("我要tousu楼下的shaokao", "我要投诉楼下的烧烤"),
        ("WO YAO TOU SU", "我要投诉"),
        ("wo dian hua shi 13800138000", "我电话是13800138000"),
        ("chao yang qu jian guo lu 88hao", "朝阳区建国路88号"),
        ("京A12345 shi hei che", "京A12345是黑车"),
        ("tian'an men guang chang", "天安门广场"),
        ("wo de app da bu kai", "我的 app 打不开"),
        ("ｌｏｕ ｘｉａ ｓｈａｏｋａｏ", "楼下烧烤"),
    ],
)
def test_reads_pinyin_beside_what_is_none(typed: str, expected: str) -> None:
    assert normalise(typed).text == expected


def test_each_character_stands_for_its_syllable() -> None:
    typed = "wo yao tousu 朝阳区 shigong raomin"
    normalised = normalise(typed)
    for word, spelled in (
        ("投诉", "tousu"),
        ("朝阳区", "朝阳区"),
        ("扰民", "raomin"),
        ("施", "shi"),
    ):
        at = normalised.text.index(word)
        start, end = normalised.original_span(at, at + len(word))
        assert typed[start:end] == spelled


def test_is_fast_and_linear() -> None:
    hundred = "lou xia shaokao tai chao le wo yao tousu tiantongyuan " * 6
    normalise(hundred)
    began = time.process_time()
    normalise(hundred * 60)
    assert time.process_time() - began < 6


SYLLABLES = st.sampled_from(
    "wo yao tousu shaokao lou xia xian lv nve a e the street KTV TOU 朝阳 区 , 。 3 88hao ' - @".split()
)


@settings(deadline=None, max_examples=200)
@given(pieces=st.lists(SYLLABLES, max_size=14), glue=st.sampled_from([" ", "", "  "]))
def test_reading_twice_changes_nothing(pieces: list[str], glue: str) -> None:
    once = normalise(glue.join(pieces)).text
    assert normalise(once).text == once
