"""The Rasa child process: runs Rasa's command line, and dies with its parent.

Without this a `kill -9` of the gateway would leave a Rasa server behind on its port.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time

_LOOK_SECONDS = 1.0


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    sys.argv = sys.argv[1:]  # rasa run …
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
