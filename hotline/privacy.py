"""Personal data: encrypted at rest, found again through a blind index, masked when shown.

One master key; each use has its own key derived from it (HKDF-SHA256, RFC 5869), so that a
leaked index key does not open the ciphertexts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_PHONE = re.compile(r"(?<!\d)(?:\+?86[\s-]?|0)?(1[3-9]\d)[\s-]?(\d{4})[\s-]?(\d{4})(?!\d)")
_LONG_DIGITS = re.compile(r"\d{4}")
"""Every number that is covered has such a part."""
_PLAIN_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_ID_CARD = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")


class Vault:
    """Locks, unlocks and indexes personal data with keys derived from the master key."""

    def __init__(self, secret_key: str) -> None:
        self._master = secret_key.encode()
        self._cipher = AESGCM(self.derive("field encryption"))
        self._index_key = self.derive("blind index")

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose."""
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode())
        return kdf.derive(self._master)

    def lock(self, text: str) -> str:
        """Encrypt (AES-256-GCM, random nonce); the result is ASCII."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def unlock(self, sealed: str) -> str:
        """Decrypt; raises ValueError when the key or the data is not ours."""
        raw = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None).decode()
        except InvalidTag as error:
            raise ValueError("sealed with another key, or altered") from error

    def blind(self, text: str) -> str:
        """A keyed fingerprint: equal texts are found without being stored."""
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).hexdigest()


def mask_phone(phone: str) -> str:
    """`13812345678` → `138****5678`; other numbers keep two digits each side."""
    if len(phone) == 11:
        return f"{phone[:3]}****{phone[7:]}"
    return phone[:2] + "*" * max(len(phone) - 4, 2) + phone[-2:] if len(phone) > 4 else "****"


def has_identity_number(text: str) -> bool:
    """Whether an identity-card number stands in the text."""
    return _ID_CARD.search(text.translate(_PLAIN_DIGITS)) is not None


def mask_text(text: str) -> str:
    """The text with mobile and identity-card numbers covered; for logs and listings."""
    if not _LONG_DIGITS.search(text):  # most texts: a list covers a hundred
        return text
    plain = text.translate(_PLAIN_DIGITS)
    return _ID_CARD.sub(r"\1********\2", _PHONE.sub(r"\1****\3", plain))
