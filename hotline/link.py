"""Makes the project importable in its virtual environment and puts `hotline` on its path.

Run by `make` as a file. An ordinary editable install would need a build backend at a version that
Rasa's own requirements rule out (packaging < 22), or one from the network at install time.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = """#!{python}
from hotline.cli import main

main()
"""


def link() -> None:
    """Write the path file and the launcher of the running environment."""
    paths = sysconfig.get_paths()
    Path(paths["purelib"], "hotline.pth").write_text(f"{ROOT}\n", "utf-8")
    launcher = Path(paths["scripts"], "hotline")
    launcher.write_text(LAUNCHER.format(python=Path(paths["scripts"], "python")), "utf-8")
    launcher.chmod(0o755)


if __name__ == "__main__":
    link()
