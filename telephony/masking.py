"""Numbers covered in transcripts, also where they were spoken: 幺三八，幺二三四，五六七八. Pure."""

from __future__ import annotations

import re

from bot.language.numbers import view_digits
from hotline.privacy import mask_text

_RUN = re.compile(r"\d(?:[，,、 \-]?\d){6,}")
_CASE_DIGITS = 13
_ENDS = 3, 4
"""So many digits stay readable at the front and at the back, as in 138****5678."""


def mask_spoken(text: str) -> str:
    """The text with telephone numbers covered; case numbers stay, they are no secret."""
    view = view_digits(text)
    for match in reversed(list(_RUN.finditer(view.text))):
        digits = re.sub(r"\D", "", match[0])
        if len(digits) == _CASE_DIGITS and digits.startswith("20"):
            continue
        start, end = view.source_span(match.start(), match.end())
        said = re.sub(r"[，,、 \-]", "", text[start:end])
        front, back = _ENDS if len(digits) >= 11 else (1, 1)
        text = f"{text[:start]}{said[:front]}****{said[-back:]}{text[end:]}"
    return mask_text(text)
