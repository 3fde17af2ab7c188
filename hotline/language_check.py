"""Checks the language data as code is checked: `python -m hotline.language_check`.

Every intent is registered, has sentences, belongs to a feature whose files exist and is handled by
a rule or a story; every response that code or rules name is defined; every category has its words.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.language.training import NLU_DATA, read_categories, read_sentences
from bot.language.yaml_files import read_yaml
from cases.categories import load_categories
from hotline.settings import ROOT
from kb.service import read_articles

_FEWEST_SENTENCES = 80
_RESPONSE = re.compile(r"utter_(?!message)[a-z_]+")
_EDGE = re.compile(r"[\s，。！？、；：“”‘’（）…,.!?;:()~～-]+")


def _load(path: Any) -> Any:
    return read_yaml(path) or {}


def find_problems() -> Iterator[str]:
    """Every problem, as one line each."""
    registry = {item["name"]: item for item in _load(NLU_DATA / "intents.yml")["intents"]}
    domain = [_load(path) for path in sorted((ROOT / "bot" / "domain").glob("*.yml"))]
    yield from _check_intents(registry, domain)
    yield from _check_sentences(registry)
    yield from _check_responses(domain)
    yield from _check_categories()
    yield from _check_articles()


def _check_intents(registry: dict[str, Any], domain: list[dict[str, Any]]) -> Iterator[str]:
    known = {name for part in domain for name in part.get("intents") or ()}
    yield from (f"意图 {name} 未在 nlu_data/intents.yml 登记" for name in known - set(registry))
    yield from (f"意图 {name} 不在 bot/domain" for name in set(registry) - known)
    flows = [_load(p) for folder in ("rules", "stories") for p in (NLU_DATA / folder).glob("*.yml")]
    handled = {
        step["intent"]
        for flow in flows
        for item in (flow.get("rules") or []) + (flow.get("stories") or [])
        for step in item["steps"]
        if "intent" in step
    }
    yield from (f"意图 {name} 没有规则或故事处理" for name in set(registry) - handled)
    for name, item in registry.items():
        if not (NLU_DATA / "nlu" / f"{item['feature']}.yml").exists():
            yield f"意图 {name} 的 {item['feature']}.yml 不在 nlu_data/nlu"


def _check_sentences(registry: dict[str, Any]) -> Iterator[str]:
    sentences = read_sentences()
    counts = Counter(intent for _, intent in sentences)
    yield from (f"例句用了未登记的意图 {name}" for name in set(counts) - set(registry))
    for name in registry:
        if counts[name] < _FEWEST_SENTENCES:
            yield f"意图 {name} 只有 {counts[name]} 句，至少 {_FEWEST_SENTENCES} 句"
    bare = Counter(_EDGE.sub("", text) or text for text, _ in sentences)
    yield from (f"例句重复：{text}" for text, times in bare.items() if times > 1)


def _check_responses(domain: list[dict[str, Any]]) -> Iterator[str]:
    defined = {name for part in domain for name in part.get("responses") or ()}
    sources = [
        *(ROOT / "actions").glob("*.py"),
        *NLU_DATA.glob("rules/*.yml"),
        *NLU_DATA.glob("stories/*.yml"),
    ]
    used = {name for path in sources for name in _RESPONSE.findall(path.read_text("utf-8"))}
    yield from (f"用到的回复 {name} 没有定义" for name in sorted(used - defined))
    asked_by_forms = {
        name for name in defined if name.startswith("utter_ask_") and "_form_" in name
    }
    yield from (f"回复 {name} 没有用到" for name in sorted(defined - used - asked_by_forms))


def _check_categories() -> Iterator[str]:
    listed, described = load_categories(), {entry.code: entry for entry in read_categories()}
    yield from (f"类别 {code} 没有市民说法" for code in listed if code not in described)
    for code, entry in described.items():
        if code not in listed:
            yield f"nlu_data/categories 里的 {code} 不在类别表"
        elif listed[code].name != entry.name:
            yield f"类别 {code} 两处名称不同：{listed[code].name}、{entry.name}"
        yield from (
            f"类别 {code} 的易混类别 {other} 不在类别表"
            for other, _ in entry.confusable
            if other not in listed
        )


def _check_articles() -> Iterator[str]:
    listed = load_categories()
    for slug, (article, _) in read_articles().items():
        yield from (
            f"条目 {slug} 的类别 {code} 不在类别表"
            for code in article.categories
            if code not in listed
        )


def main() -> int:
    """Print every problem; the exit code says whether there were any."""
    problems = list(find_problems())
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201 - this is a command
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
