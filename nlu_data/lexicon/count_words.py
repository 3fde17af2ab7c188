"""Write words.tsv: how usual each word is in residents' Chinese, how it is read, what follows it.

Run it from the root of the repository after the texts under nlu_data or kb/articles have changed
much: `python nlu_data/lexicon/count_words.py`. Half of a word's weight comes from those texts,
half from jieba's dictionary. Costs are tenths of -ln(probability), so that they add up.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import jieba  # noqa: E402
import yaml  # noqa: E402
from pypinyin import Style, lazy_pinyin, pinyin  # noqa: E402

from bot.language.gazetteer import load_gazetteer  # noqa: E402
from bot.language.segmentation import Segmenter  # noqa: E402
from bot.language.slips import blur  # noqa: E402

TARGET = Path(__file__).with_name("words.tsv")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
NO_SYLLABLES = frozenset("hm hng m n ng kei lo len tei chua dia".split())
LEAST_IN_JIEBA = 100
LEAST_OWN, LEAST_OWN_NEW = 3, 6
"""Times a word must stand in our own texts, and one that no dictionary has: those hold slips."""
LEAST_FOLLOWED = 3
BACKOFF = 40.0
"""Imagined words behind every word, spread as words are anywhere (Dirichlet smoothing)."""
LONGEST = 7
SECOND_READING = 35
"""Tenths added to a character for a reading that is not its usual one."""

# Readings the dictionary of readings has otherwise, or not first.
READ_AS = {
    "朝": "chao", "嗯": "en", "呗": "bei", "长": "chang", "重": "zhong", "调": "tiao", "嘿": "hei",
    "地": "di", "诶": "ei", "哎": "ai", "欸": "ai", "唉": "ai", "噢": "o", "嘞": "lei", "忒": "tui",
    "俩": "lia", "仨": "sa", "甭": "beng", "啥": "sha", "咋": "za", "咱": "zan", "呛": "qiang",
}  # fmt: skip
# Parts of words, wherever they stand.
READ_PARTS = {
    "朝阳": "chao yang", "朝内": "chao nei", "朝外": "chao wai", "朝来": "chao lai", "长阳": "chang yang",
    "长安": "chang an", "长椿": "chang chun", "长辛": "chang xin", "长沟": "chang gou", "嗯": "en",
    "长哨": "chang shao", "长城": "chang cheng", "太长": "tai chang", "最长": "zui chang", "多长": "duo chang",
    "好长": "hao chang", "悠长": "you chang", "全长": "quan chang", "排长队": "pai chang dui", "一长": "yi chang",
}  # fmt: skip
ALSO_READ = {"长": "zhang", "重": "chong", "着": "zhao", "还": "huan", "都": "du", "得": "dei", "地": "de",
             "谁": "shei", "那": "nei", "这": "zhei", "行": "hang", "弄": "long", "觉": "jiao", "了": "liao",
             "倒": "dao", "落": "la", "血": "xie", "熟": "shou", "露": "lou", "朝": "zhao", "调": "diao"}  # fmt: skip
READ_WORDS = {
    "大栅栏": "da shi lan", "十里堡": "shi li pu", "朝气": "zhao qi", "重复": "chong fu", "校长": "xiao zhang",
    "家长": "jia zhang", "局长": "ju zhang", "队长": "dui zhang", "成长": "cheng zhang", "生长": "sheng zhang",
    "着火": "zhao huo", "着火了": "zhao huo le", "睡不着": "shui bu zhao", "睡着": "shui zhao", "煤气味": "mei qi wei",
    "还没": "hai mei", "大夫": "dai fu", "没有": "mei you", "没": "mei", "调查": "diao cha", "单调": "dan diao",
    "音调": "yin diao", "曲调": "qu diao", "腔调": "qiang diao", "声调": "sheng diao", "强调": "qiang diao",
}  # fmt: skip

# What residents name in their reports, beside the names and words of the categories: words a
# slip of the keyboard or of speech recognition may be put back to.
FIELD = """
投诉 举报 反映 工单 工单号 受理号 热线 城管 人工客服 转人工 接线员 烧烤 露天烧烤 占道 占道经营 无照经营 违建 违章
违章建筑 违法建设 违规建筑 私搭乱建 油烟 油烟味 油烟扰民 噪音 噪声 噪音扰民 噪声扰民 扰民 施工扰民 夜间施工 施工
垃圾 垃圾桶 垃圾箱 垃圾站 生活垃圾 建筑垃圾 厨余垃圾 渣土 渣土车 井盖 路灯 停车位 停车场 停车费 乱停车 违停 黑车
黑摩的 小广告 广告牌 煤气 煤气味 燃气 燃气泄漏 天然气 消防通道 污水 积水 下水道 化粪池 扬尘 工地 工地扬尘 流浪狗
烟花爆竹 高空抛物 共享单车 电动车 三轮车 飞线充电 充电桩 僵尸车 群租房 开墙打洞 红绿灯 护栏 便道 人行道 盲道 绿地
绿化带 行道树 占绿毁绿 门牌 牌匾 招牌 底商 商贩 小贩 小摊 摊贩 游商 流动摊贩 摆摊 地摊 早市 夜市 菜市场 广场舞
高音喇叭 大喇叭 公厕 物业 居委会 街道办 派出所 自来水 停水 停电 供暖 暖气 电梯 装修 拆除 处罚 罚款 执法 查处
""".split()

# Words of the categories too plain to be meant by a slip, and names read like everyday words.
NOT_MEANT = frozenset("东侧 西侧 南侧 北侧 东门 西门 南门 北门 侧门 后门 正门 门前 门口 门洞 门楼 "
    "村口 街口 街边 路口 路东 路西 路南 路北 路边 旁边 周边 附近 对面 拐角 出口 楼上 楼下 楼号 楼道 "
    "停车贵 破损 标志 满溢 结冰 横幅 条幅 喷泉 水井 水塔 水鹤 栈桥 旗杆 底层 音响".split())  # fmt: skip
# Real words no dictionary here has that sound like a word of the field.
REAL = (
    "吵死了 变道 河底 底滩 依维柯 不拉叽 麻辣香锅 直发 落土 播报慢 卫健 卫健委 北屋 老闪 电话详询 镝灯 北园 金隅花园 "
    "义工 详询 夜施 烟灰桶 绿化率 法拍 法拍房 汽修 夜施证 路灯净"
).split()
# Parts of phrases (井盖丢了): a word is put back, not a sentence.
NO_WORD = re.compile("[了没不死着到]")
PLACE_KINDS = frozenset(
    {"district", "subdistrict", "metro", "neighbourhood", "landmark", "mall", "park"}
)
SHORT_PLACE_KINDS = frozenset({"district", "subdistrict"})


def list_strings(value: object) -> Iterator[str]:
    """Every string in what a YAML file holds."""
    if isinstance(value, str):
        yield from value.splitlines()
    elif isinstance(value, dict):
        for part in value.values():
            yield from list_strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from list_strings(part)


def list_texts() -> Iterator[str]:
    """The Chinese stretches of our own sentences and articles."""
    for folder in ("nlu", "categories", "dangers"):
        for path in sorted((ROOT / "nlu_data" / folder).glob("*.yml")):
            for line in list_strings(yaml.safe_load(path.read_text(encoding="utf-8"))):
                yield from CHINESE.findall(line)
    for path in sorted((ROOT / "kb" / "articles").rglob("*.md")):
        yield from CHINESE.findall(path.read_text(encoding="utf-8"))


def read_word(word: str) -> list[str]:
    """The toneless syllables of a word, one for each character."""
    if word in READ_WORDS:
        return READ_WORDS[word].split()
    if len(word) == 1:
        return [READ_AS.get(word) or lazy_pinyin(word, v_to_u=False)[0]]
    syllables = lazy_pinyin(word, v_to_u=False)
    for part, reading in READ_PARTS.items():
        if (at := word.find(part)) >= 0:
            syllables[at : at + len(part)] = reading.split()
    return syllables


def count_own(segmenter: Segmenter) -> tuple[Counter[str], dict[str, Counter[str]]]:
    words: Counter[str] = Counter()
    follows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in list_texts():
        cut = ["^", *segmenter.cut(text)]
        words.update(cut[1:])
        for before, after in itertools.pairwise(cut):
            follows[before][after] += 1
    return words, follows


def read_jieba() -> dict[str, int]:
    text = (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8")
    counts = {}
    for line in text.splitlines():
        word, count, _ = line.split(" ")
        if CHINESE.fullmatch(word):
            counts[word] = int(count)
    return counts


def weigh(own: Counter[str], general: dict[str, int], names: Iterable[str]) -> dict[str, float]:
    """The probability of each word kept."""
    own_total, general_total = sum(own.values()), sum(general.values())
    kept = {
        w
        for w, n in general.items()
        if (n >= LEAST_IN_JIEBA and len(w) <= 5) or (len(w) == 1 and n >= 5)
    }
    kept |= {
        word
        for word, n in own.items()
        if len(word) <= LONGEST and n >= (LEAST_OWN if word in general else LEAST_OWN_NEW)
    }
    kept |= {name for name in names if CHINESE.fullmatch(name) and 2 <= len(name) <= LONGEST}
    return {
        word: 0.5 * (own[word] + 0.3) / own_total + 0.5 * general.get(word, 1) / general_total
        for word in kept
    }


def list_meant(
    names: dict[str, str], category_words: Iterable[str], terms: Iterable[str]
) -> list[str]:
    """Field words and place names a slip may be put back to."""
    words = {*FIELD, *terms, *(w for w in category_words if len(w) > 2)}
    words = {w for w in words if 2 <= len(w) <= 5 and not NO_WORD.search(w)} - NOT_MEANT
    for name, kind in names.items():
        if kind in PLACE_KINDS and (len(name) >= 3 or kind in SHORT_PLACE_KINDS) and len(name) <= 5:
            words.add(name)
        if kind == "metro" and name.endswith("站") and len(name) == 3:
            words.add(name[:-1])
    return sorted(word for word in words if CHINESE.fullmatch(word))


def list_sounding_alike(
    words: Iterable[str], meant: Iterable[str], usual: dict[str, str], kept: Iterable[str]
) -> list[str]:
    """Rarer real words that hold a stretch sounding like a word slips are put back to."""

    def sound(word: str) -> tuple[str, ...]:
        return tuple(blur(usual.get(char, "?")) for char in word)

    sounds = {sound(word) for word in meant}
    known = set(kept)
    found = []
    for word in words:
        heard = sound(word)
        stretches = itertools.combinations(range(len(word) + 1), 2)
        if word not in known and any(heard[at:end] in sounds for at, end in stretches):
            found.append(word)
    return sorted(found)


def cost(probability: float) -> int:
    return round(-10 * math.log(probability))


def main() -> None:
    known = load_gazetteer()
    kinds = {name: named.kind for name in known.names if (named := known.look_up(name))}
    short = [name[:-1] for name, kind in kinds.items() if kind == "metro" and name.endswith("站")]
    categories = [
        row
        for path in sorted((ROOT / "nlu_data" / "categories").glob("*.yml"))
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]
    category_words = [word for row in categories for word in [row["name"], *row.get("words", ())]]
    meant = list_meant(kinds, category_words, known.terms)
    segmenter = Segmenter([*known.names, *short], {*known.terms, *FIELD})
    own, follows = count_own(segmenter)
    own.update(dict.fromkeys((n for n, kind in kinds.items() if kind in SHORT_PLACE_KINDS), 6))
    general = read_jieba()
    odds = weigh(own, general, [*known.names, *short, *meant, *READ_WORDS])

    lines = ["# Written by count_words.py; see there. Do not edit by hand."]
    by_cost: defaultdict[int, list[str]] = defaultdict(list)
    for word, probability in odds.items():
        by_cost[cost(probability)].append(word)
    for value, words in sorted(by_cost.items()):
        lines.append(f"word\t{value}\t{' '.join(sorted(words))}")
    chars = sorted({char for word in odds for char in word})
    usual = {char: syllable for char in chars if (syllable := read_word(char)[0]).isascii()}
    usual = {char: syllable for char, syllable in usual.items() if syllable not in NO_SYLLABLES}
    by_syllable: defaultdict[str, list[str]] = defaultdict(list)
    for char, syllable in usual.items():
        by_syllable[syllable].append(char)
    for syllable, chars in sorted(by_syllable.items()):
        lines.append(f"read\t{syllable}\t{''.join(chars)}")
    for word in sorted(odds):
        if len(word) > 1:
            syllables = read_word(word)
            if syllables != [usual.get(char) for char in word]:
                lines.append(f"also\t{word}\t{' '.join(syllables)}\t0")
        else:
            for other in pinyin(word, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]:
                if other != usual.get(word) and other.isascii() and other not in NO_SYLLABLES:
                    extra = 12 if ALSO_READ.get(word) == other else SECOND_READING
                    lines.append(f"also\t{word}\t{other}\t{extra}")
    for before, counts in sorted(follows.items()):
        after = {w: n for w, n in counts.items() if n >= LEAST_FOLLOWED and w in odds}
        if after and (before in odds or before == "^"):
            total = counts.total() + BACKOFF
            costs = " ".join(
                f"{w} {cost((n - 0.5 + BACKOFF * odds[w]) / total)}"
                for w, n in sorted(after.items())
            )
            lines.append(f"next\t{before}\t{cost(BACKOFF / total)}\t{costs}")
    for at in range(0, len(meant), 20):
        lines.append(f"mean\t{' '.join(meant[at : at + 20])}")
    rarer = [word for word, n in general.items() if 2 <= len(word) <= 5 and n >= 3]
    alike = list_sounding_alike([*rarer, *REAL], meant, usual, odds)
    for at in range(0, len(alike), 20):
        lines.append(f"real\t{' '.join(alike[at : at + 20])}")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"{len(odds)} words, {len(meant)} meant, {len(alike)} like them, {TARGET.stat().st_size} bytes\n"
    )


if __name__ == "__main__":
    main()
