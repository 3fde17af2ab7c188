"""The words that make a stretch of text a place: endings, house numbers, relative parts.

General by design: an ending (路, 小区, 医院) makes a place of any name before it, in any
city, with anonymised names (A3区, 某某路) too; lists of names only add their codes.
"""

from __future__ import annotations

import re

CITY = "city"
ADMIN = "admin"
COMMUNITY = "community"
ROAD = "road"
RESIDENCE = "residence"
INSTITUTION = "institution"
NATURE = "nature"
SHOP = "shop"
COMPANY = "company"
UNKNOWN = "unknown"

_ENDINGS = {
    CITY: "省 市 州 自治区",
    ADMIN: "区 县 镇 乡 街道 街道办 街道办事处 新区 开发区 经开区 高新区 高新技术开发区 "
    "经济开发区 管理区 示范区 度假区 片区 商圈 工业区 老城区 地区",
    COMMUNITY: "社区 村 村委会 居委会 新村 自然村 屯 村民小组 片",
    ROAD: "路 街 大街 大道 巷 胡同 弄 斜街 横街 高速 高速公路 快速路 公路 国道 省道 县道 "
    "辅路 环路 环线 桥 大桥 立交桥 立交 天桥 高架 高架桥 隧道 步行街 商业街 美食街 环岛 "
    "东路 西路 南路 北路 中路 东街 西街 南街 北街 中街 东大街 西大街 南大街 北大街 里弄 "
    "头条 二条 三条 四条 五条 六条 七条 八条 九条 十条",
    RESIDENCE: "小区 花园 家园 嘉园 佳园 名园 雅园 公寓 新城 新苑 雅苑 名苑 嘉苑 佳苑 庄园 "
    "山庄 别墅 公馆 大厦 广场 中心 大院 家属院 家属区 宿舍 家属楼 宿舍楼 安置小区 国际城 "
    "大楼 写字楼 商务楼 国际社区 府邸 华庭 豪庭 名邸 华府 名城 名都 花城 楼盘 苑小区 "
    "国际花园 别墅区 住宅小区 住宅区 商贸城 建材城 五金城 汽配城 科技城 步步高 时代 城小区",
    INSTITUTION: "学校 小学 中学 一中 二中 三中 四中 大学 学院 幼儿园 医院 卫生院 卫生站 "
    "卫生服务中心 超市 商场 市场 菜市场 农贸市场 批发市场 便民市场 购物中心 百货 公园 "
    "体育公园 车站 地铁站 火车站 公交站 公交车站 汽车站 客运站 高铁站 枢纽 派出所 酒店 "
    "宾馆 工业园 产业园 科技园 物流园 创业园 工地 停车场 加油站 体育馆 体育场 体育中心 "
    "图书馆 博物馆 电影院 影城 机场 码头 教堂 敬老院 养老院 售楼部 售楼处 营销中心 "
    "政务中心 市民中心 服务大厅 变电站 垃圾站 垃圾场 中转站 填埋场 污水厂 水厂 电厂 "
    "工厂 厂房 收费站 景区 风景区 校区 院区 纪念馆 少年宫 文化宫 文化馆 殡仪馆 公墓 陵园",
    SHOP: "烧烤店 烧烤摊 饭店 餐厅 餐馆 酒楼 火锅店 面馆 面店 饭馆 小吃店 早餐店 早点店 包子铺 包子店 烤鸭店 "
    "饺子馆 米粉店 粉店 麻辣烫 烧烤 大排档 便利店 理发店 美发店 美容院 药店 药房 水果店 蔬菜店 菜店 洗车店 洗车行 "
    "修车行 修理厂 汽修厂 修理店 五金店 建材店 服装店 手机店 网吧 酒吧 棋牌室 麻将馆 健身房 茶楼 茶馆 "
    "咖啡店 咖啡馆 奶茶店 蛋糕店 面包店 花店 宠物店 洗衣店 文具店 超市店 小卖部 小卖店 火锅 串店 歌厅 "
    "培训学校 培训机构 培训班 培训中心 浴室 洗浴中心 足浴店 按摩店 旅馆 招待所 专卖店 旗舰店 废品站 废品收购站 菜鸟驿站",
    COMPANY: "公司 有限公司 有限责任公司 股份有限公司 分公司 集团 物业 物业公司 物业管理公司 开发公司 "
    "置业 房地产公司 建筑公司 装修公司 保洁公司 物业服务中心",
    NATURE: "水库 湿地 林场 河道 湿地公园 森林公园 风光带 大桥下 河堤 江边",
}
# One sign alone: enough only with a proper name before it and a place beside it.
_FRAGILE = {
    RESIDENCE: "苑 园 城 府 庭 湾 郡 庄 里 院 居 轩 阁 邸 墅 坊 汇 港 岛 寨 堡 营",
    INSTITUTION: "站 厂 寺 庙 塔 馆 校 矿",
    SHOP: "店",
    NATURE: "河 湖 渠 山 江 溪 岭 坪 冲 塘 坝 坡 沟 滩 洲 峪 井 岸",
}
# A common word before these may be a name (阳光小区); before the rest it must be proper.
_NAMED_BY_ANYTHING = frozenset(
    "小区 花园 家园 嘉园 佳园 公寓 新城 新苑 雅苑 名苑 嘉苑 佳苑 新村 路 街 大街 大道 巷 胡同 "
    "社区 村 镇 乡 县 街道 大厦 山庄 东路 西路 南路 北路 中路 小学 中学 幼儿园 公馆 名邸 华府 "
    "自然村 国道 高速 立交桥 大桥 广场 住宅小区 公园 医院 一中 二中 三中 四中".split()
)

ENDINGS = {ending: kind for kind, listed in _ENDINGS.items() for ending in listed.split()}
"""Ending to kind."""

FRAGILE = {
    ending: kind
    for kind, listed in _FRAGILE.items()
    for ending in listed.split()
    if ending not in ENDINGS
}
"""Endings of one sign that need support beside a proper name."""

FRAGILE_KINDS = frozenset({SHOP})
"""Kinds that are places only with a relative part (老王烧烤店门口)."""

LONGEST_ENDING = max(map(len, ENDINGS))


def takes_any_name(ending: str) -> bool:
    """Whether everyday words before the ending make a name of it (阳光小区)."""
    return ending in _NAMED_BY_ANYTHING


_GENERIC = frozenset(
    "居民 住宅 老旧 旧 新 新建 高档 中档 低档 大型 小型 中型 各 本 该 整个 全 附近 周边 周围 隔壁 "
    "对面 旁边 商业 公共 露天 地下 城市 农村 乡镇 县城 人行 机动车 非机动车 主 次 主干 支 交通 "
    "城乡 郊区 农贸 便民 综合 临时 大 小 老 老城 市 县 区 省 附属 私立 公立 民办 公办 重点 社会 "
    "基层 安置 安置房 拆迁 封闭 封闭式 开放 开放式 回迁 限价 经济适用 经适房 廉租 廉租房 商品房 "
    "单位 物业 开发商 业主 建筑 施工 外 内 里 中 前 后 上 下 左 右 东 西 南 北 一 二 三 两 几 多 某些 "
    "全国 全市 全区 全省 其他 其它 别的 邻近 相邻 毗邻 高端 品质 优质 普通 一般 现代 大众 电商 网络 "
    "手机 微信 购物 生活 服务 活动 管理 调度 指挥 客服 呼叫 信息 举报 投诉 受理 业务 办事 便利 连锁 "
    "房地产 房产 二手房 股票 劳动力 人才 菜 农产品 批发 零售 夜 早 跳蚤 旧货 停车 收费 充电 洗车 "
    "垃圾 污水 建设 工程 项目 装修 拆除 在建 学生 职工 员工 教师 家属 单身 集体 文明 智慧 平安 和谐 "
    "美丽 示范 试点 城中 自然 行政 贫困 老年 儿童 群众  百姓 国家 政务 党 社 镇 乡 村 校 "
    "我市 我区 我县 道 马 公 铁 线 电 水 思 一条 这条 那条 条 出 进 入 回家 上学 路 街 门 沿街 沿路 "
    "噪音 噪声 油烟 灯光 环境 卫生 健身 娱乐 休闲 绿化 生态 湿地 城区 市区 辖区 社区 小区 "
    "全体 广大 部分 大部分 大多数 许多 很多 众多 所有 每个 各个 各大 各类 民生 民用 高层 多层 楼盘 "
    "别墅 花园 公园 广场 学校 医院 超市 商场 市场 路面 路段 门面 商铺 店铺 摊位 摊贩 流动 占道 违法 "
    "违规 非法 无证 无照 共享 新能源 电动 电动车 汽车 车辆 机动 货车 大货车 渣土车 公交 公交车 地铁 "
    "火车 高铁 长途 出租车 快递 物流 外卖 美食 小吃 烧烤 餐饮 早餐 夜宵 娱乐性 职业 技术 高等 专科 "
    "初级 高级 中心 中央 核心 繁华 主城 老城区 新城区 开发 国有 集中 封控 疫情 防疫 核酸 疫苗".split()
)
"""Words that describe a place without naming it."""

_GENERIC_FOR_ROADS = frozenset(
    "过街 大马 小马 灯和 路和 一 道 马 公 铁 线 电 水 思 条 一条 这条 那条 出 进 入 人行 机动车 非机动车 主 次 主干 支 交通 商业 "
    "公共 大 小 新 老 旧 该 本 各 整个 附近 周边 高速 高架 城市 农村 城乡 乡镇 县城 回家 上学 街 路 门 "
    "东 西 南 北 中 前 后 上 下 内 外 左 右 多 几 两 美食 步行 临时 施工 在建 通信 绿化 林荫 水泥 柏油".split()
)


def is_generic(word: str, kind: str) -> bool:
    """Whether `word` before an ending of `kind` describes without naming (老旧小区, 人行道)."""
    if kind == ROAD:
        return word in _GENERIC_FOR_ROADS or word in ENDINGS
    return word in _GENERIC or word in ENDINGS


_NUMBER = r"(?:[甲乙丙丁]?[0-9]{1,5}(?:[-—~][0-9]{1,5}){0,3}|[一二三四五六七八九十百零〇两]{1,5}|[A-Za-z][0-9]{0,2})"
HOUSE = re.compile(
    rf"(?P<strong>{_NUMBER}(?:号院|号楼|号公寓|栋|幢|单元|弄|座(?![位谈])|号地块|号线(?!路|索))"
    rf"|[0-9]{{1,4}}#(?:楼|栋)?|{_NUMBER}号(?=[0-9一二三四五六七八九十A-Z]{{1,4}}(?:栋|幢|单元|号楼|座|室))"
    r"|[0-9]{1,2}-[0-9]{1,2}-[0-9]{2,5}(?![0-9]))"
    rf"|(?P<weak>{_NUMBER}(?:号(?!线)|室|层|楼(?![盘房])|门(?![店面])|期(?![间望限待])|组(?![织长])|队"
    r"|排(?![放污查水烟档])|户)|[0-9一二三四五六七八九十]{1,2}区|[0-9一二三四五六七八九零〇]{3,4}(?=[，。！？；\s]|$))"
)
"""House numbers: strong ones stand alone (3号楼), weak ones follow a place (27号, 二期)."""

JOINED_WORDS = re.compile(r"[路街村桥巷湖河][边口上段旁里下头内东西南北]")
"""Words in which an ending and what follows it grew together (朝阳路边 is cut 朝阳, 路边)."""

_SIDE = r"(?:东北|西北|东南|西南|[东西南北])"
_OF = r"(?:的|里面的?|内的?|里的?|那[里边儿]?的?)?"
_DISTANCE = r"[0-9一二两三四五六七八九十百千几]{1,5}(?:来|多|几)?(?:米|公里|里地|站地)"
RELATIVE = re.compile(
    rf"{_OF}(?:"
    rf"{_SIDE}(?:侧门|侧|边|面|角|大?门口?|头|段|出入口|出口|口|方向|广场)"
    rf"|(?:以|往|向|朝|靠){_SIDE}(?:边|侧|走|方向)?(?:[大]?约|差不多)?(?:{_DISTANCE})?(?:处|左右|路[东西南北])?"
    rf"|(?:附近)?{_DISTANCE}(?:处|左右|的地方)"
    r"|[A-Ka-k][0-9]?(?:西|东|南|北)?[出入]?口"
    r"|(?:十字|丁字|三岔)?路口|交[叉汇接界][路道]?[口处]?|交口|红绿灯(?:路?口)?|转盘|拐[角弯]处?|转角处?"
    r"|(?:正|斜)?对[面过](?!的?人)|旁边?|隔壁|边上"
    r"|(?:大|正|后|侧|前|单元|小区|校|院|店|村|街|巷|园|站|地铁|公交)?门[口前外]|(?:正|后|侧|前|大)门"
    r"|底下|楼[下上顶]|楼道里?|楼梯[口间]|天台|楼后|楼前|附近|周边|周围|一带|沿线|沿街|路段|两[侧旁边]"
    r"|(?:地下)(?:车库|停车场|室|通道)|车库|底商|电梯[旁口里间]|院[内里子]|墙[外上边]|出入口|[出入]口"
    r"|桥[下上头洞]|人行道上?|便道上?|辅路上?|天桥[上下]?|路[边旁][上]?|路[东西南北][侧边]?|路中间|街边"
    r"|(?:中间|中段|尽头|后面|前面|背后|后身|东头|西头|地铁站|公交站|地铁口)"
    r"|(?<=门)[外内里](?![地卖])|(?<=楼)[下上顶前后](?![水面个次门])|(?<=桥)[下上头](?![面个次])|段(?!时间|子)|[东西南北](?=[，。！？；\s]|$)"
    r"|(?<=村)委会|(?<=路)(?:上|段|边)|(?<=街)[上边]|(?<=[湖河])边上?|(?<=[路街道桥区村店巷同])口(?![罩碑号水味音])"
    r")"
)
"""What follows a place and narrows it: 门口, 西北角, 往北两百米, A口."""

_OF_KIND = "便民|农贸|农副产品|批发|综合|社区|公共|菜|水产|建材|花卉|露天|地下|中心|第[一二三四五六七八九十]"
FACILITY = re.compile(
    rf"(?:的|那个|这个)?(?:{_OF_KIND})*(?:"
    r"市场|菜市|早市|夜市|菜站|早餐点|超市|商场|便利店|小学|中学|幼儿园|学校|医院|卫生院|卫生站|敬老院"
    r"|银行|邮局|饭店|酒店|宾馆|公园|广场|停车场|充电站|枢纽|(?:物流|产业)?基地|(?:产业|科技|工业|物流)园|城市森林|客运站|长途站|地铁站|公交站|工地|大厦|写字楼"
    r"|居委会|村委会|派出所|加油站|健身点|活动站|服务站|垃圾站|垃圾楼|公厕|公共厕所"
    r")"
)
"""What stands beside a place and has its name: 蓝靛厂 before 便民市场."""
BEFORE = re.compile(r"(?:快+|嗯|呃|哦|啊|喂|就是?|那个|这个|在|去|到|从|住|非|和|上)+")
"""What the sentence has right before a place and is none of it: 快快快莲花桥底下."""
LOOSE = re.compile(r"(?:附近|周边|周围|一带|那边|这边|那片|这片|旁边|对面)$")
"""Places that a facility after them is not called by: 苹果园南路附近 before 菜市场."""

CROSSING = re.compile(
    r"的?(?:十字路口|丁字路口|三岔路口|路口|交[叉汇接界](?:路口|口|处|点)?|交口|口(?![罩碑号水味音])|之间|中间|红绿灯"
    r"|(?:东北|西北|东南|西南)角)"
)
BETWEEN_ROADS = re.compile(r"[ ]?(?:与|和|跟|同|及|、|/|-|—|到|至)[ ]?")
ROAD_SECTION = re.compile(r"这?一?段|之间|路段|中间|沿线|方向")
GLUE = re.compile(r"[ ]?的?[ ]?|（")

LOCATIVES = re.compile(
    r"(?:在|住|到|去|于|从|往|路过|经过|途经|来自|位置|地点|地址)(?:是|为|就|：|:)?[ ]?$"
)
OFFICE = re.compile(
    r"人民|政府|的?各级|的?领导|书记|有关|相关|[市区县]?[委长]|交警|公安|城管|电视台|日报|晚报"
    r"|[\u4e00-\u9fff]{0,6}(?:局|委员会|办公室|部门|政府|法院|检察院|[大支中]队|公司|集团|有限)"
)
"""After a bare district these speak of an office there, not of where something happens."""

NAMES_IN_SPITE = frozenset(
    "五一 八一 五四 七一 二七 三八 六一 国庆 元旦 清明 幸福 解放 建设 团结".split()
)
"""Words of time or doing that many roads are named after."""

OFFICE_BUILDING = re.compile(
    r"(?:人民)?(?:政府|法院|检察院|公安局|派出所|[市区县镇]委|[\u4e00-\u9fff]{2,4}局|执法队|政务大厅)大?楼?"
)
"""An office as a landmark: counts where a relative part follows (区政府门口)."""

STOP_HEADS = frozenset("我你您他她它咱在住从到对于是有离至往由被把给请问去就说这那每因为与和及跟以")
NEVER_IN_NAMES = "有的了在是被把我你他她们吗呢吧很"
"""Signs of the sentence, wherever in an unknown word they stand."""

STOP_WORDS = frozenset(
    "找过 去过 主管 分管 车堆 水流 水流一 贴 居民 住户 业主 物业 商家 店主 城管 政府 开发商 领导 噪音 噪声 垃圾 油烟 问题 情况 地址 地点 位置 "
    "时间 电话 市民 村民 群众 老板 家长 学生 同志 部门 有关 地方 家里 家 方面 附近 车 车辆 司机 行人 "
    "老人 孩子 小孩 人员 人 人们 记者 书记 市长 区长 局长 内容 主题 标题 事情 事 房子 房 楼房 马路 "
    "关于 请问 咨询 投诉 举报 反映 建议 求助 希望 由于 因为 自从 路过 途经 经过 位于 坐落 来自 开往 "
    "东西 公里 米 百米 家住 我家 我们 你们 他们 这里 那里 这个 那个 贵 贵局 有家 有个 有人 有一家 一家 这家 那家 几家 两家 家 占道经营 无照经营 违建 烧烤摊 "
    "露天烧烤 夜间施工 小广告 广告牌 建筑垃圾 渣土车 共享单车 电动车 停车位 消防通道 井盖 路灯".split()
)
"""Words at which a name cannot begin or go on."""
