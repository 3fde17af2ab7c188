"""All that is ours to learn, into one folder: beside Rasa, which starts meanwhile and takes it over.

python -m bot.language.learning FOLDER CACHE_FOLDER
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from bot.language.embedding import configured_embedder
from bot.language.training import Pairs, read_sentences, train_models
from bot.language.understanding import PLACES


def learn(folder: Path, cache: Path, sentences: Pairs) -> None:
    """Train everything into `folder`, the intents on `sentences` (text, intent).

    `cache` keeps the built encoder and the vectors for the next training. Raises RuntimeError.
    """
    # a process of its own, so that the two trainings run side by side
    command = [sys.executable, "-m", "bot.language.place_training", str(folder / PLACES)]
    with subprocess.Popen(command) as places:  # noqa: S603 - our own module
        train_models(configured_embedder(cache), sentences, _vectors_file(cache)).save(folder)
    if places.returncode != 0:
        raise RuntimeError("the reader of places could not be trained")


def learn_ahead(folder: Path, cache: Path) -> None:
    """Train on nlu_data; `folder` is there when all of it is done, and not before."""
    with FileLock(_lock_file(folder)), tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        learn(made, cache, read_sentences())
        made.rename(folder)


def take_over(made: Path, folder: Path) -> bool:
    """Copy what `learn_ahead` makes into `folder`, once it is done; False when it failed."""
    with FileLock(_lock_file(made)):
        if not made.is_dir():
            return False
        shutil.copytree(made, folder, dirs_exist_ok=True)
        return True


def _lock_file(folder: Path) -> str:
    return f"{folder}.lock"


def _vectors_file(cache: Path) -> Path:
    """Where the vectors of the sentences are remembered from one training to the next."""
    return cache / "vectors.npz"


if __name__ == "__main__":
    learn_ahead(Path(sys.argv[1]), Path(sys.argv[2]))
