"""Signatures and the AES envelope of Tencent's message protocol (WXBizMsgCrypt).

signature = hex(sha1(concatenation of the sorted parts)); envelope = base64(AES-256-CBC(key,
IV = key[:16], rand16 ‖ uint32 big-endian length ‖ message ‖ receiver, PKCS#7 to 32 bytes)), where
key = base64-decode(EncodingAESKey + "=") and receiver is the appid (WeChat) or corpid (WeCom).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from channels.tencent.errors import BadEnvelope

AES_KEY_CHARS = 43
_BLOCK = 32
_PREFIX = 16


def sign(*parts: str) -> str:
    """The protocol's signature of these parts, in hex."""
    # the parts are separate secrets and public values; sha1 is what the protocol demands
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324


def is_signed(signature: str, *parts: str) -> bool:
    """Whether `signature` is that of the parts; takes the same time whatever differs."""
    return hmac.compare_digest(sign(*parts).encode(), signature.encode("utf-8", "replace"))


class Envelope:
    """Seals and opens messages of one account."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        """Raises ValueError when `aes_key` is not 43 characters of base64."""
        if len(aes_key) != AES_KEY_CHARS:
            raise ValueError("EncodingAESKey has 43 characters")
        try:
            # the last of the 43 characters may hold stray low bits, as real keys do
            key = base64.b64decode(aes_key + "=", validate=True)
        except binascii.Error as error:
            raise ValueError("EncodingAESKey is base64") from error
        self._token = token
        self._receiver = receiver.encode()
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:_PREFIX]))

    def sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        """`msg_signature` of a sealed message."""
        return sign(self._token, timestamp, nonce, sealed)

    def is_signed(self, signature: str, timestamp: str, nonce: str, sealed: str) -> bool:
        """Whether `signature` is the sealed message's."""
        return is_signed(signature, self._token, timestamp, nonce, sealed)

    def seal(self, message: str) -> str:
        """The message as base64 text that only the key's holders can read."""
        body = message.encode()
        plain = os.urandom(_PREFIX) + struct.pack(">I", len(body)) + body + self._receiver
        padding = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """The message; raises BadEnvelope. The signature must have been checked before."""
        try:
            data = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadEnvelope from error
        if not data or len(data) % 16:
            raise BadEnvelope
        decryptor = self._cipher.decryptor()
        plain = decryptor.update(data) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= _BLOCK or plain[-padding:] != bytes([padding]) * padding:
            raise BadEnvelope
        plain = plain[:-padding]
        if len(plain) < _PREFIX + 4:
            raise BadEnvelope
        (length,) = struct.unpack(">I", plain[_PREFIX : _PREFIX + 4])
        start, end = _PREFIX + 4, _PREFIX + 4 + length
        if end > len(plain) or not hmac.compare_digest(plain[end:], self._receiver):
            raise BadEnvelope
        try:
            return plain[start:end].decode()
        except UnicodeDecodeError as error:
            raise BadEnvelope from error
