"""More examples of places from the written ones: other names in them, and names put together.

Everything here is drawn from a seeded generator, so that training gives the same model every
time. What people wrote stands in nlu_data/entities; nothing made here is kept in a file.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.language.place_examples import Example

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
_HEADS = "东 西 南 北 中 前 后 上 下 大 小 新 老 双 三 四 五 六 七 八 九 十 头 二".split()
_FINE = "安宁永福泰和兴隆金玉龙凤翠芳芙蓉云霞紫晨曦瑞祥康乐嘉华锦绣景明清源悦怡润泽丰茂盛凯旋雅静慧朗月星河海天悦君恒枫林松柏杉桂兰梅竹荷莲菊杏桃枣槐柳榆梨果麦稻秋春夏阳光辉正德仁义礼智诚信惠民富强宏达昌顺"
_BRANDS = (
    "首开 万科 龙湖 保利 中海 金地 旭辉 华润 绿地 远洋 住总 城建 金隅 首创 世茂 融创 泰禾 当代 北辰 "
    "中粮 招商 鲁能 富力 合生 珠江 懋源 天恒 国瑞 华远 新城 阳光 电建 中铁 中建 京投 北科建 亿城"
).split()
_BRAND_TAILS = (
    "御景 天街 悦府 熙府 国际 名邸 香颂 璟悦 和悦 翡翠 长安 天悦 观承 御锦 上城 华庭 公馆 大都会 "
    "万和 都会 时代 天阅 缦云 春风 金茂 铂悦 星城 龙樾 学府 山谷 半岛 澜湾 公元 壹号院 九号院 幸福里"
).split()
_VILLAGE_TAILS = (
    "庄 村 营 店 屯 坨 务 堡 峪 沟 台 坟 窑 厂 寺 铺 井 口 各庄 辛庄 家庄 家村 家营 家务 家坟 家店 "
    "家铺 家园村 家窑 家湾 家沟 坊 渠 桥 塔 庙 坡 岭 台子 甸 洼 垡 淀 岗 榆 房 岔口 村北 新村"
).split()
_HOME_TAILS = (
    "园 苑 里 家园 嘉园 佳园 馨园 花园 小区 新村 公寓 山庄 东里 西里 南里 北里 中里 南园 北园 东园 "
    "西园 东区 西区 南区 北区 雅苑 名苑 佳苑 嘉苑 新苑 丽景 居 府 湾 城 郡 庭 华庭 名邸 小镇 社区 新区 "
    "宿舍 家属院 大院 住宅小区"
).split()
_ROAD_TAILS = (
    "路 街 大街 胡同 巷 东路 西路 南路 北路 中路 东街 西街 南街 北街 中街 南大街 北大街 东大街 西大街 "
    "斜街 后街 前街 横街 头条 二条 三条 四条 五条 北六条 南七条 东八条 西里路 外大街 内大街 辅路 环路 "
    "小街 夹道 大道 道 买卖街 步行街 商业街 胡同 胡同"
).split()
_SITE_TAILS = (
    "大厦 广场 中心 国际 写字楼 商场 购物中心 天街 市场 菜市场 建材城 公园 小学 中学 幼儿园 医院 卫生院 "
    "酒店 饭店 科技园 产业园 工业园 创业园 物流园 体育馆 图书馆 地铁站 公交站 站 加油站 停车场 大学 学院 "
    "派出所 敬老院 村委会 桥 大桥 立交桥 环岛 隧道 东桥 西桥 郊野公园 体育公园 工地 地块 商务区 商圈"
).split()
_WATERS = "河 湖 渠 水库 河边 中湖 东湖 灌渠 沟 引水渠 减河 河公园".split()
_COUNTS = "一 二 三 四 五 六 七 八 九 十 十一 十二".split()
_TAILS = (
    "门口 东门 西门 南门 北门 东门口 北门外 南门外头 对面 对过 斜对面 旁边 边上 附近 门前 东侧 西侧 南侧 北侧 东口 西口 南口 "
    "北口 路口 十字路口 丁字路口 东北角 西南角 东南角 西北角 里头 里面 后面 后身 后头 前面 前头 楼下 楼后 桥下 底下 "
    "地下车库 地下二层 负一层 停车场 底商 西墙外 那块空地 那片空地 那片荒地 那块儿 那段 那个路口 那个小广场 那条胡同 "
    "那条小路 那家饭馆 那家超市 那家烧烤店 门口那条路 往北二百米 往东一百多米 下游 左岸 南岸 河边 中间的空地 一带 周边 沿线 "
    "公交站 地铁站 地铁口 工地 二期 三期 A座 B区 一层 人行道 便道上 辅路 卫生站门口 公共停车场 居委会门口 便民菜站 "
    "那栋写字楼 那栋楼的楼道里 那个小花园 那个停车场出口 那片健身器材 配电房旁边 垃圾楼旁边 自行车棚里 "
    "拐弯处 坡道底下 台阶上 天桥上 地下通道里 公交站台 绿化带里 垃圾桶旁边 售楼处门口 快递柜旁边 大厅 "
    "北广场 那家便利店门口 一家饭馆 外墙 围墙边上 停车场入口 岗亭旁边 小花园里"
).split()
_STATION_TAILS = (
    "地铁站 地铁站A口 地铁A口 地铁B口 地铁C口外面 地铁D口 站B口 站C出口 地铁口 站外面 站出口 地铁站东南口 站南广场 地铁站旁边"
).split()
_BEFORE = (
    "{p}，{s}|{p}{s}|{p} {s}|在{p}，{s}|就在{p}，{s}|我住{p}，{s}|我家在{p}，{s}|我们{p}，{s}|{p}这边{s}|{p}那边{s}|"
    "{p}，{s}|{p}的{s}|反映{p}{s}|举报{p}{s}|喂你好我在{p}{s}|呃{p}这儿{s}|地点{p}，{s}|📍{p} {s}|你好，{p}{s}|您好，我是{p}的居民，{s}"
).split("|")
_AFTER = (
    "{s}，{p}|{s}，{p}|{s}，{p}|{s}，{p}|{s}，在{p}|{s}，就在{p}|{s}，就{p}|{s}，{p}那儿|{s}，地址是{p}|{s} {p}|{s}。{p}|"
    "{s}，我住{p}|{s}，{p}，你们快来|{s}嗯{p}|{s}呃就{p}|{s}在{p}这边|{s}{p}|{s}，比如{p}|{s}（{p}）|{s}，{p}，谢谢"
).split("|")
_ALONE = (
    "{p}|{p}|在{p}|就在{p}|{p}这儿|地址{p}|是{p}|应该是{p}|改成{p}|我在{p}|{p}附近有菜市场吗|买菜 {p}|执法队 {p}|{p}执法队在哪|"
    "{p}这片儿哪有早点|我住{p}，买菜去哪儿|{p} 早餐|不是{p}，是{q}|不对，应该是{p}不是{q}|我说的是{p}，不是{q}|{p}归谁管|管{p}的是哪个队|"
    "{p}那边的城管电话|呃我在{p}那边|就{p}那儿|{p}，靠近{q}|你们地图上{p}标错了|{p}那个市场早拆了|表扬{p}的队员|建议{p}多装几个垃圾桶|"
    "希望在{p}加个红绿灯|感谢{p}的执法队员|{p}和{q}都有|{p}哪儿有卖菜的"
).split("|")
_CORRECTIONS = (
    "是{p}不是{q}|不是{p}是{q}|不对，是{p}，不是{q}|应该是{p}|错了，{p}|改成{p}|是{p}，可不是{q}|说错了，是{p}|门牌打错了，应该是{p}|"
    "不是{p}，是{q}，你给改改|唔係{p}，係{q}|{p}|就{p}那儿|搁{p}呢|在{p}|在{p}那边|就在{p}|你记错了，是{p}不是{q}|不是不是，是{p}|"
    "刚才说的{p}不对应该是{q}|嗯是{p}不是{q}|地址写错了，应该是{p}|俺说的是{p}|我在{p}|弄错了 是{p}|更正，{p}|{p}，你往那边看"
).split("|")
_NEAR = (
    "东门 西门 南门 北门 正门 后门 侧门 东口 西口 南口 北口 东南门 西北门 路口 十字路口 丁字路口 路东 路西 桥底下 桥洞里 桥头 "
    "胡同口 胡同东口儿 胡同西口 胡同尽头 村口 村头 村北头 楼下 楼后 楼前空地 地下车库 顶层 一层 二层 三单元 四单元 二单元 5号楼 12号楼 六号楼 十八号楼 "
    "甲8号 乙6号 丙3号 甲12号 23号 31号 108号 二十六号 九号 南7号楼 北5号楼 3号院 十号院 小区南门 小区北边那个路口 学校东边那条小路 小区门口 老铁道桥底下 "
    "老槐树底下 那棵大杨树底下 大石桥底下 铁路桥下面 水塔旁边 天桥底下 天桥左手边 马路对面 菜站旁边 地铁口 A口 B口 C口 D口 公交站后头 河边 河对岸 "
    "胡同最里头那家 胡同中间那个院 院子东头 加油站旁边 超市门口 我家楼下 我们单位对面 三号楼和四号楼中间 两栋楼之间"
).split()
_THINGS = (
    "菜市场 超市 学校 幼儿园 公交站牌 公交站 加油站 饭馆 药店 银行 物业办公室 居委会 车棚 垃圾站 理发店 单元门 大槐树 老槐树 水塔 "
    "公厕 报亭 快递柜 早点铺 小卖部 邮局 电影院 医院 停车场 地铁站 小花园 凉亭 喷泉 操场 锅炉房 变电箱 配电室 传达室 岗亭 大铁门 石狮子 "
    "影壁 戏台 粮店 副食店 供销社 老井 牌楼 小桥 土坡 菜地 果园 大棚 养鸡场 鱼塘 水渠 铁路 高架桥 铁道口 收费站 充电桩 健身器材 "
    "一楼 二楼 三楼 小区 胡同 院子 村子 楼道 地下室 工地 售楼处 宾馆 网吧 洗车店 修车铺 大排档"
).split()
_SPOTS = (
    "门口 后门 旁边 边上 对面 对过 后面 后头 前面 前头 里头 里面 那边 底下 西墙外 东边 西侧 南边那条路 北边那个口 "
    "前面那块空地 后身 拐角 平台 尽头 往里第二家 往东五十米 那条小路 那个胡同 那个门洞 最里头那家 中间 隔壁"
).split()
_ENGLISH = (
    "{p}|near {p}|at {p}|There is trash on {p}.|It's on {p}, not {q}.|Where can I buy vegetables near {p}?|"
    "The street lamp on {p} is broken.|Cars are parked on the sidewalk outside {p} every day.|"
    "Please send someone to {p}, very noisy at night.|Fire at {p}!|Where is the office for {p}?|"
    "The market around {p} closed.|Thanks to the officer near {p}.|There is a construction site behind {p}.|"
    "someone dumped garbage in front of {p} last night|Gas smell in {p}, what should I do?|"
    "Suggestion: please put more signs in English around {p}? Many visitors get lost.|Sorry, it's {p}, not {q}.|"
    "Noise near {p}. I can't sleep. Please help.|Hi, I live at {p} and the lift is broken.|What time does {p} market open|"
    "it is dark at night along {p}, very dangerous|the garbage bins at {p} are full, and the smell is awful|{p}, around 9 pm|"
    "hello there is a car accident at {p} someone is hurt|Could you add a bench on {p}?|The bar in {p} plays music until 2 a.m."
).split("|")
_SYLLABLES = (
    "xi dong nan bei zhong an ding he ping men jian guo hua yuan fu xing lian chao yang wang jing hai dian li tun "
    "qiao tai yang gong zhu shi tian tong zhou qing he shang di wu dao kou liu jia yao ba bao shan"
).split()
_ENGLISH_TAILS = (
    "Road|Lu|Street|Jie|Dajie|North Road|South Street|East Road|Beili|Dongli|Hutong|Bridge|"
    "Station|Park|Plaza|Mall|Hospital|University|Tower|Garden|SOHO|North Gate|District|"
    "subway station|Market"
).split("|")


@dataclass(slots=True)
class Names:
    """The known names that examples are filled with; `common` are everyday words too."""

    districts: Sequence[str]
    subdistricts: Sequence[str]
    places: Sequence[str]
    common: Sequence[str]


class Maker:
    """Makes examples out of examples; the same seed makes the same ones."""

    def __init__(self, names: Names, seed: int = 96310) -> None:
        self._names = names
        self._random = random.Random(seed)
        pick = self._random.choice
        fine = self._make_fine
        self._makers: list[tuple[int, Callable[[], str]]] = [
            (26, lambda: pick(names.places)),
            (4, lambda: pick(names.common)),
            (14, lambda: fine() + pick(_HOME_TAILS)),
            (6, lambda: fine() + pick(_HOME_TAILS) + pick(_COUNTS) + pick(("区", "区", "里", "期"))),
            (5, lambda: pick(_BRANDS) + pick(_BRAND_TAILS)),
            (4, lambda: pick(_SURNAMES) + pick(_VILLAGE_TAILS)),
            (4, lambda: pick(_HEADS) + pick(_SURNAMES + _FINE) + pick(_VILLAGE_TAILS)),
            (12, lambda: fine() + pick(_ROAD_TAILS)),
            (4, lambda: pick(_HEADS) + fine() + pick(_ROAD_TAILS)),
            (9, lambda: fine() + pick(_SITE_TAILS)),
            (4, lambda: pick(names.places) + pick(_SITE_TAILS)),
            (4, lambda: fine() + pick(_WATERS)),
            (3, lambda: pick(_HEADS) + pick(_FINE) + pick(_WATERS)),
            (3, lambda: pick(names.places) + pick(_HOME_TAILS)),
            (5, lambda: pick(names.subdistricts)),
            (5, lambda: fine() + pick(_STATION_TAILS)),
            (4, lambda: pick(names.places) + pick(_STATION_TAILS)),
            (4, lambda: pick(_HEADS) + pick(_FINE) + pick("里园苑村庄桥营")),
            (8, lambda: self._mix_names() + pick((*_HOME_TAILS, *_ROAD_TAILS, *_VILLAGE_TAILS))),
            (4, lambda: self._mix_names() + pick(("胡同", "里", "一里", "头条", "二条", "街", "园"))),
        ]  # fmt: skip
        self._weights = [weight for weight, _ in self._makers]

    def swap_names(self, example: Example) -> Example:
        """The same sentence with other places."""
        text, places, at = "", [], 0
        for start, end in example.places:
            text += example.text[at:start]
            old = example.text[start:end]
            new = self.make_english() if old.isascii() else self.make_place()
            places.append((len(text), len(text) + len(new)))
            text += new
            at = end
        return Example(text + example.text[at:], tuple(places))

    def join_sentence(self, sentence: str) -> Example:
        """A sentence that names no place, with one put before it or after it."""
        spoken = self._random.random() < 0.25
        body = "".join(c for c in sentence if c.isalnum()) if spoken else sentence.rstrip("。！!")
        if self._random.random() < 0.4:
            pattern = self._random.choice(_BEFORE)
        else:
            pattern = self._random.choice(_AFTER)
        return self._fill(pattern.replace("{s}", body))

    def make_alone(self) -> Example:
        """A short message about a place."""
        return self._fill(self._random.choice(_ALONE))

    def make_in_english(self) -> Example:
        """A message in English about a place."""
        return self._fill(self._random.choice(_ENGLISH), self.make_english)

    def make_correction(self) -> Example:
        """A short answer or correction with a place near at hand: 是西门不是东门."""
        return self._fill(self._random.choice(_CORRECTIONS), self._make_near)

    def _make_near(self) -> str:
        roll = self._random.random()
        if roll < 0.35:
            return self._random.choice(_THINGS) + self._random.choice(_SPOTS)
        if roll < 0.75:
            return self._random.choice(_NEAR)
        if roll < 0.9:
            return self._random.choice(self._names.common)
        return self._make_number()

    def _fill(self, pattern: str, make: Callable[[], str] | None = None) -> Example:
        text, places, at = "", [], 0
        while (slot := _next_slot(pattern, at)) >= 0:
            text += pattern[at:slot]
            place = (make or self.make_place)()
            places.append((len(text), len(text) + len(place)))
            text += place
            at = slot + 3
        return Example(text + pattern[at:], tuple(places))

    def make_place(self) -> str:
        """A place as people say it: 朝阳区枫林园二区3号楼门口, 西里路到东大街."""
        roll = self._random.random
        pick = self._random.choice
        if roll() < 0.05:
            joined = pick(
                (
                    "和{}路口",
                    "与{}交叉口",
                    "到{}",
                    "和{}那个口",
                    "跟{}交口",
                    "到{}之间",
                    "到{}那一段",
                )
            )
            return self._make_road() + joined.format(self._make_road())
        if roll() < 0.02:
            first = self._random.randint(1, 20)
            return f"{first}号楼和{first + 1}号楼" + pick(
                ("中间", "之间", "之间的空地", "中间那块空地")
            )
        place = self._make_head() + self.make_name()
        if roll() < 0.08:
            place += self.make_name()
        if roll() < 0.28:
            place += self._make_number()
        if roll() < 0.3:
            place += pick(_TAILS)
        return place

    def _make_head(self) -> str:
        roll = self._random.random()
        if roll > 0.4:
            return ""
        district = self._random.choice(self._names.districts)
        short = district.removesuffix("区") if roll < 0.25 else district
        if roll < 0.1:
            return self._random.choice(self._names.places) if roll < 0.06 else short + "的"
        if roll < 0.18:
            return short + self._random.choice(self._names.subdistricts)
        return short

    def make_name(self) -> str:
        """One name, known or made up."""
        return self._random.choices(self._makers, self._weights)[0][1]()

    def make_english(self) -> str:
        """A name in Latin letters: Guanghua Road No. 9."""
        roll = self._random.random()
        name = "".join(self._random.choices(_SYLLABLES, k=self._random.choice((2, 2, 3)))).title()
        if roll < 0.25:
            return name
        place = name + " " + self._random.choice(_ENGLISH_TAILS)
        if roll < 0.28:
            return self._random.choice(
                (f"No. {self._random.randint(1, 99)}", f"Gate {self._random.randint(1, 6)}")
            )
        if roll < 0.35:
            return f"No. {self._random.randint(1, 99)} {place}"
        if roll < 0.45:
            return f"{place} No.{self._random.randint(1, 99)}"
        if roll < 0.55:
            return f"Building {self._random.randint(1, 30)}, {place}"
        if roll < 0.6:
            return f"{place} near {self.make_english()}"
        return place

    def _make_road(self) -> str:
        return self._make_fine() + self._random.choice(
            ("路", "街", "大街", "东路", "南大街", "中街", "西路")
        )

    def _make_fine(self) -> str:
        roll = self._random.random()
        if roll < 0.15:
            return self._random.choice(_SURNAMES) + "家" + self._random.choice(_FINE + "庄营坟村")
        name = "".join(self._random.sample(_FINE, 2))
        if roll < 0.3:
            return name[0] + self._random.choice(_SURNAMES + "".join(_HEADS))
        return name

    def _mix_names(self) -> str:
        """Signs of two known names, in an order no list holds."""
        first, second = self._random.sample(self._names.places, 2)
        mixed = first[: self._random.choice((1, 1, 2))] + second[1:2]
        return "".join(sign for sign in mixed if not sign.isascii()) or first

    def _make_number(self) -> str:
        number = str(self._random.randint(1, 60))
        if self._random.random() < 0.25:
            number = self._random.choice(_COUNTS)
        return self._random.choice(
            (
                "{}号楼",
                "{}号",
                "{}号院",
                "甲{}号",
                "{}栋",
                "{}单元",
                "{}号楼2单元",
                "{}区",
                "{}街坊",
                "{}号楼3层",
                "{}门",
            )
        ).format(number)


def _next_slot(pattern: str, at: int) -> int:
    slots = [slot for slot in (pattern.find("{p}", at), pattern.find("{q}", at)) if slot >= 0]
    return min(slots, default=-1)


def enlarge(
    written: Sequence[Example], sentences: Sequence[str], maker: Maker, swaps: int = 2
) -> Iterator[Example]:
    """The written examples, each with other names, and `sentences` with places put to them."""
    for example in written:
        yield example
        if example.places and len(example.text) < 150:
            for _ in range(swaps if len(example.text) > 12 else 1):
                yield maker.swap_names(example)
    for sentence in sentences:
        yield maker.join_sentence(sentence)
