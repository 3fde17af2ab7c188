"""A stock Rasa assistant on our training sentences, for comparison: Rasa's own Chinese pipeline
and policies, our intents and sentences, our rules and stories with every action replaced by a
fixed response, so that it needs no action server. It files, searches and remembers nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hotline.settings import ROOT

NLU = ROOT / "nlu_data" / "nlu"
FALLBACK = "action_default_fallback"
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
QUIET = {
    "LOG_LEVEL": "ERROR",
    "PYTHONWARNINGS": "ignore",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TQDM_DISABLE": "1",
}


def pipeline(epochs: int) -> list[dict[str, Any]]:
    """Rasa's documented pipeline, with its tokenizer for Chinese."""
    return [
        {"name": "JiebaTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", "epochs": epochs},
    ]


def policies(epochs: int) -> list[dict[str, Any]]:
    """Rasa's documented policies."""
    return [
        {"name": "MemoizationPolicy"},
        {"name": "RulePolicy"},
        {"name": "TEDPolicy", "epochs": epochs, "max_history": 5},
    ]


def write_project(folder: Path, diet_epochs: int, ted_epochs: int) -> None:
    """config, domain, rules, stories, endpoints and credentials; sentences stay where they are."""
    rules = [_as_steps(rule["steps"]) for rule in _read_all("rules", "rules") if _is_plain(rule)]
    stories = [_as_steps(story["steps"]) for story in _read_all("stories", "stories")]
    # rules alone teach TED nothing about what follows what
    stories += [
        [*first, *second, *third]
        for first, second, third in zip(rules, rules[1:], rules[2:], strict=False)
    ]
    texts = {step["action"] for steps in [*rules, *stories] for step in steps if "action" in step}
    texts -= {FALLBACK}
    _write(
        folder / "config.yml",
        {
            "recipe": "default.v1",
            "language": "zh",
            "assistant_id": "stock",
            "pipeline": pipeline(diet_epochs),
            "policies": policies(ted_epochs),
        },
    )
    _write(
        folder / "domain.yml",
        {
            "version": "3.1",
            "intents": sorted(read_intents()),
            "responses": {
                name: [{"text": f"好的，收到（{name}）。"}]
                for name in sorted(texts | {"utter_default"})
            },
        },
    )
    _write(folder / "rules.yml", {"version": "3.1", "rules": _name("rule", rules)})
    _write(folder / "stories.yml", {"version": "3.1", "stories": _name("story", stories)})
    store = {"type": "SQL", "url": f"sqlite:///{folder / 'tracker.db'}"}
    _write(folder / "endpoints.yml", {"tracker_store": store})
    _write(folder / "credentials.yml", {"rest": None})


def read_intents() -> set[str]:
    """Every intent with training sentences."""
    files = (yaml.safe_load(path.read_text("utf-8")) for path in NLU.glob("*.yml"))
    return {item["intent"] for file in files for item in file["nlu"] if "intent" in item}


def environment() -> dict[str, str]:
    """Rasa's own defaults, only quieter; no setting of ours, no limit on its threads."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HOTLINE_") and name not in THREADS
    }
    return {**kept, **QUIET}


def train(folder: Path) -> tuple[Path, float]:
    """Train the project in `folder`; returns the model and the seconds it took."""
    return run_training(
        [
            *("train", "--config", str(folder / "config.yml")),
            *("--domain", str(folder / "domain.yml")),
            *("--data", str(NLU), str(folder / "rules.yml"), str(folder / "stories.yml")),
        ],
        folder,
        environment(),
    )


def train_nlu(
    config: Path, domain: Path, folder: Path, env: Mapping[str, str]
) -> tuple[Path, float]:
    """Train a pipeline alone on our sentences."""
    arguments = ["train", "nlu", "--config", str(config), "--domain", str(domain)]
    return run_training([*arguments, "--nlu", str(NLU)], folder, env)


def run_training(
    arguments: Sequence[str], folder: Path, env: Mapping[str, str]
) -> tuple[Path, float]:
    """`rasa train …` in `folder`, which is where Rasa keeps its cache too."""
    out = folder / "models"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "rasa", *arguments, "--out", str(out)],
        cwd=folder,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    models = sorted(out.glob("*.tar.gz"))
    if done.returncode != 0 or not models:
        raise SystemExit("training failed:\n" + (done.stdout + done.stderr)[-3000:])
    return models[-1], seconds


def _read_all(folder: str, key: str) -> Iterator[dict[str, Any]]:
    for path in sorted((ROOT / "nlu_data" / folder).glob("*.yml")):
        yield from yaml.safe_load(path.read_text("utf-8"))[key]


def _is_plain(rule: Mapping[str, Any]) -> bool:
    """Whether the rule answers an intent; the others only end a form."""
    return "intent" in rule["steps"][0] and "condition" not in rule


def _as_steps(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The turns alone: each intent and the response that stands for its action or form."""
    kept: list[dict[str, str]] = []
    for step in steps:
        if "intent" in step:
            kept.append({"intent": step["intent"]})
        elif "action" in step and step["action"] != "action_listen":
            kept.append({"action": _response(step["action"])})
    return kept


def _response(action: str) -> str:
    if action == FALLBACK or action.startswith("utter_"):
        return action
    return "utter_" + action.removeprefix("action_")


def _name(kind: str, all_steps: Sequence[Sequence[Mapping[str, str]]]) -> list[dict[str, Any]]:
    return [
        {kind: f"{kind} {number}", "steps": [dict(step) for step in steps]}
        for number, steps in enumerate(all_steps)
    ]


def _write(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
