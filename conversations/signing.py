"""AWS Signature Version 4, as S3 and what is compatible with it want requests signed.

Source: AWS, "Signature Calculations for the Authorization Header" (Amazon S3 API reference);
the tests run its published examples.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class S3Key:
    """Who signs, and for which region."""

    access_key: str
    secret_key: str
    region: str


def sign(
    key: S3Key,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    payload: bytes,
    at: datetime,
) -> dict[str, str]:
    """All headers to send: `headers` (with Host), the date, the payload's hash, the signature.

    `path` is absolute and not yet percent-encoded.
    """
    at = at.astimezone(UTC)
    digest = hashlib.sha256(payload).hexdigest()
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "x-amz-date": stamp, "x-amz-content-sha256": digest}
    lowered = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    names = ";".join(sorted(lowered))
    canonical = "\n".join(
        (
            method,
            quote(path, safe="/-_.~"),
            "&".join(
                f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}"
                for name in sorted(query)
            ),
            *(f"{name}:{lowered[name]}" for name in sorted(lowered)),
            "",
            names,
            digest,
        )
    )
    scope = f"{at:%Y%m%d}/{key.region}/s3/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    signer = b"AWS4" + key.secret_key.encode()
    for part in scope.split("/"):
        signer = hmac.digest(signer, part.encode(), "sha256")
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashed}"
    signature = hmac.digest(signer, to_sign.encode(), "sha256").hex()
    sent["Authorization"] = (
        f"{_ALGORITHM} Credential={key.access_key}/{scope},"
        f"SignedHeaders={names},Signature={signature}"
    )
    return sent
