"""What every page and every API call shares: errors, limits on size, security headers, metrics."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry, Counter, Histogram

from hotline.errors import HotlineError
from hotline.settings import Settings

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "hotline_http_requests_total", "HTTP requests", ["method", "route", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "hotline_http_request_seconds",
    "Seconds to answer an HTTP request",
    ["route"],
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_STATUS_WORDS = {
    400: ("invalid_input", "请求的格式不对，请检查后再试。"),
    401: ("unauthenticated", "登录已失效，请重新进入。"),
    403: ("forbidden", "您没有权限进行此操作。"),
    404: ("not_found", "没有找到您要的内容。"),
    405: ("method_not_allowed", "不支持这种操作。"),
    413: ("too_large", "内容太长或文件太大，请分次发送。"),
    415: ("unsupported_media", "不支持这种内容格式。"),
}


def error_body(code: str, message: str) -> dict[str, dict[str, str]]:
    """The shape of every error."""
    return {"error": {"code": code, "message": message}}


def error_response(error: HotlineError) -> web.Response:
    """A domain error as the API tells it."""
    response = web.json_response(error_body(error.code, error.message), status=error.status)
    if error.status == 429:
        response.headers["Retry-After"] = "5"
    return response


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nobody sees a stack trace: known errors say what is wrong, others apologise."""
    try:
        return await handler(request)
    except HotlineError as error:
        return error_response(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _tell_http_error(request, error)
    except ConnectionResetError:
        raise
    except Exception as error:  # the outermost boundary: logged whole, told as an apology
        log.exception("web.unexpected", path=request.path, error=type(error).__name__)
        return web.json_response(error_body("internal", HotlineError.message), status=500)


def _tell_http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    code, message = _STATUS_WORDS.get(error.status, ("error", "请求没有成功，请稍后再试。"))
    kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    if request.path.startswith(("/api/", "/console/api/")):
        return web.json_response(error_body(code, message), status=error.status, headers=kept)
    return web.Response(text=message, status=error.status, headers=kept)


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and time each request by its route, never by its path (paths hold identifiers)."""
    started = time.perf_counter()
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "unmatched"
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        REQUESTS.labels(request.method, route, str(status)).inc()
        SECONDS.labels(route).observe(time.perf_counter() - started)


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers on every answer; a handler's own value wins."""
    if "/static/" in request.path:
        # modules import each other without versions: after an upgrade none may be an old one
        response.headers.setdefault("Cache-Control", "no-cache")
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "hotline"  # not which versions to look up weaknesses of


async def send_file(
    request: web.Request,
    tag: str,
    read: Callable[[], Awaitable[bytes]],
    headers: Mapping[str, str],
) -> web.Response:
    """A file as a response; it is not read for a browser that still has it, nor sent whole
    to a player that asks for a part."""
    kept = {**headers, hdrs.ETAG: f'"{tag}"', hdrs.ACCEPT_RANGES: "bytes"}
    if any(each.value in (tag, "*") for each in request.if_none_match or ()):
        return web.Response(status=304, headers=kept)
    data = await read()
    try:
        wanted = request.http_range
    except ValueError:
        wanted = slice(None, None, 1)
    if hdrs.IF_RANGE in request.headers or (wanted.start is None and wanted.stop is None):
        return web.Response(body=data, headers=kept)
    first, end, _ = wanted.indices(len(data))
    if first >= end:
        kept[hdrs.CONTENT_RANGE] = f"bytes */{len(data)}"
        return web.Response(status=416, headers=kept)
    kept[hdrs.CONTENT_RANGE] = f"bytes {first}-{end - 1}/{len(data)}"
    return web.Response(status=206, body=data[first:end], headers=kept)


def client_address(request: web.Request, settings: Settings) -> str:
    """The visitor's address; forwarded headers count only behind the configured proxies.

    With n trusted proxies the n-th address from the right of X-Forwarded-For is the visitor's:
    everything left of it is his own claim.
    """
    if settings.trusted_proxies:
        # some proxies add a header of their own instead of lengthening the visitor's
        claims = ",".join(request.headers.getall("X-Forwarded-For", ()))
        hops = [hop.strip() for hop in claims.split(",")]
        if len(hops) >= settings.trusted_proxies:
            claimed = hops[-settings.trusted_proxies]
            try:
                return str(ipaddress.ip_address(claimed))
            except ValueError:
                pass
    return request.remote or "unknown"


def network_of(address: str) -> str:
    """What to count an address under: one IPv6 subscriber has a whole /64 to send from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))
