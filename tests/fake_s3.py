"""A small S3: path-style objects in memory, every signature computed anew from the raw request."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web
from aiohttp.test_utils import TestServer

from hotline.clock import Clock

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>\d{8}/[^/]+/s3/aws4_request),\s*"
    r"SignedHeaders=(?P<names>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass
class FakeS3:
    """One bucket of one owner; `status` makes it answer nothing but that."""

    clock: Clock
    bucket: str = "photos"
    access_key: str = "AKIDEXAMPLE"
    secret_key: str = "a secret of the tests"
    region: str = "city-1"
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    status: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def server(self) -> TestServer:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{bucket}/{key:.+}", self._answer)
        return TestServer(app)

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.append((request.method, {k.lower(): v for k, v in request.headers.items()}))
        if self.status:
            return _error(self.status, "SlowDown")
        wrong = self._wrong(request, body)
        if wrong:
            return _error(403, wrong)
        if request.match_info["bucket"] != self.bucket:
            return _error(404, "NoSuchBucket")
        key = request.match_info["key"]
        if request.method == "PUT":
            self.objects[key] = body, request.headers["Content-Type"]
            return web.Response()
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return web.Response(status=204)
        if key not in self.objects:
            return _error(404, "NoSuchKey")
        data, content_type = self.objects[key]
        return web.Response(body=data, headers={"Content-Type": content_type})

    def _wrong(self, request: web.Request, body: bytes) -> str:
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        if found is None:
            return "AccessDenied"
        if found["id"] != self.access_key:
            return "InvalidAccessKeyId"
        stamp = request.headers["x-amz-date"]
        sent_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs((self.clock.now() - sent_at).total_seconds()) > 900:
            return "RequestTimeTooSkewed"
        digest = hashlib.sha256(body).hexdigest()
        if request.headers["x-amz-content-sha256"] != digest:
            return "XAmzContentSHA256Mismatch"
        names = found["names"].split(";")
        must = {"host", *(n.lower() for n in request.headers if n.lower().startswith("x-amz-"))}
        day, region = found["scope"].split("/")[:2]
        if not must <= set(names) or day != stamp[:8] or region != self.region:
            return "AuthorizationHeaderMalformed"
        lines = [request.method, request.raw_path.partition("?")[0], request.query_string]
        lines += [f"{name}:{request.headers[name].strip()}" for name in names]
        lines += ["", found["names"], digest]
        hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = b"AWS4" + self.secret_key.encode()
        for part in found["scope"].split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{found['scope']}\n{hashed}"
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        same = hmac.compare_digest(signature, found["signature"])
        return "" if same else "SignatureDoesNotMatch"


def _error(status: int, code: str) -> web.Response:
    text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'
    return web.Response(status=status, text=text, content_type="application/xml")
