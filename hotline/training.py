"""Training the assistant: once per state of the data, quietly, into the data folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from hotline.errors import HotlineError
from hotline.settings import ROOT, Settings

_LEARNED_FROM = (
    "config.yml",
    "bot/domain/*.yml",
    "bot/components/reader.py",
    # what a sentence is turned into before it is learned from
    "bot/language/classifier*.py",
    "bot/language/embedding*.py",
    "bot/language/learning.py",
    "bot/language/augmentation.py",
    "bot/language/gazetteer.py",
    "bot/language/normalise.py",
    "bot/language/place*.py",
    "bot/language/spacy_pipeline.py",
    "bot/language/training.py",
    "nlu_data/*.yml",
    "nlu_data/*/*.yml",
    "nlu_data/lexicon/*",
    "requirements.lock",
)
_KEPT_MODELS = 3


class TrainingFailed(HotlineError):
    """Rasa's training ended with an error; the message holds its last lines."""

    code = "training_failed"


def fingerprint(settings: Settings) -> str:
    """Names the state of everything a model depends on."""
    digest = hashlib.sha256(settings.embedder_dir.encode())
    for pattern in _LEARNED_FROM:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(str(file.relative_to(ROOT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def model_path(settings: Settings) -> Path:
    """Where the model that fits the present data is, or will be."""
    return settings.model_dir / f"assistant-{fingerprint(settings)}.tar.gz"


def child_environment(settings: Settings, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a Rasa process: one thread, no telemetry, no noise."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        ),
        "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_EMBEDDER_DIR": settings.embedder_dir,
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        **(extra or {}),
    }


def train(settings: Settings, force: bool = False) -> Path:
    """Train unless the model is there; returns its path. Raises TrainingFailed."""
    target = model_path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(target.parent / "training.lock")):
        if target.exists() and not force:
            return target
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            _run_rasa_train(settings, Path(scratch))
            made = next(Path(scratch).glob("*.tar.gz"))
            made.replace(target)
    _forget_old_models(target)
    return target


def _run_rasa_train(settings: Settings, out: Path) -> None:
    arguments = [
        sys.executable, "-m", "hotline.rasa_training", "train",
        "--domain", str(ROOT / "bot" / "domain"),
        "--data", *(str(ROOT / "nlu_data" / part) for part in ("nlu", "rules", "stories")),
        "--config", str(ROOT / "config.yml"),
        "--out", str(out), "--force", "--quiet",
        # the language check of `make check` says more, and this reads everything twice over
        "--skip-validation",
    ]  # fmt: skip
    learned = out / "learned"
    quiet = {"LOG_LEVEL": "ERROR", "TQDM_DISABLE": "1", "HOTLINE_LEARNED_AHEAD": str(learned)}
    environment = child_environment(settings, quiet)
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    ahead = [sys.executable, "-m", "bot.language.learning", str(learned), str(settings.cache_dir)]
    # What is ours is learned while Rasa starts. Should it fail, Rasa's process learns, and tells why.
    with subprocess.Popen(  # noqa: S603 - our own interpreter and fixed arguments
        ahead, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        done = subprocess.run(  # noqa: S603 - our own interpreter and fixed arguments
            arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode != 0 or not list(out.glob("*.tar.gz")):
        lines = (done.stdout + done.stderr).strip().splitlines()[-15:]
        raise TrainingFailed("训练没有成功：\n" + "\n".join(lines))


def _forget_old_models(current: Path) -> None:
    models = sorted(current.parent.glob("assistant-*.tar.gz"), key=lambda p: p.stat().st_mtime)
    for old in models[:-_KEPT_MODELS]:
        if old != current:
            old.unlink(missing_ok=True)


@contextmanager
def unpacked_models(model: Path) -> Iterator[Path]:
    """The folder of our own models inside a model archive."""
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(model) as archive:
            archive.extractall(scratch, filter="data")
        yield next((Path(scratch) / "components").glob("*MessageReader*"))
