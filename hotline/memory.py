"""What was loaded at the start is for good: the collector need not look through it again."""

from __future__ import annotations

import gc


def settle_memory() -> None:
    """Call once when everything is loaded.

    A full collection walks every object there is: with the models and indexes loaded that holds
    every turn up for half a second. Frozen, they are left out; what is no longer referred to is
    freed all the same.
    """
    gc.collect()
    gc.freeze()
