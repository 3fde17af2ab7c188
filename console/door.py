"""The console's door: who is asking, may he, and does the request come from our own page.

Every handler of the console is wrapped here; a route that is not wrapped does not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web

from console.context import ConsoleContext
from console.errors import ForeignRequest, NotAllowed, NotLoggedIn
from console.intake import read_form
from console.models import Account, Right
from console.pages import Pages
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)

COOKIE = "hotline_console"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    # pages show residents' words: nothing stays behind on a shared desk
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is asking: a logged-in operator and her session."""

    account: Account
    token: str
    csrf: str


Page = Callable[[web.Request, Visitor], Awaitable[web.StreamResponse]]
OpenPage = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """Wraps handlers with login, rights, origin and CSRF checks, and with error answers."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._c = context
        self._pages = pages

    def page(self, handler: Page, right: Right | None = None) -> OpenPage:
        """A page for people: without a login it leads to the login page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                visitor = await self._admit(request, right)
                return _sealed(await handler(request, visitor))
            except NotLoggedIn as error:
                return _sealed(self._send_to_login(request, error))
            except Exception as error:
                return _sealed(await self._tell_on_page(request, error))

        return handle

    def open_page(self, handler: OpenPage) -> OpenPage:
        """A page before login; the handler itself checks the form's token."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                self.check_origin(request)
                return _sealed(await handler(request))
            except Exception as error:
                return _sealed(await self._tell_on_page(request, error))

        return handle

    def api(self, handler: Page, right: Right) -> OpenPage:
        """A call by a page's script: errors are JSON."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                visitor = await self._admit(request, right)
                return _sealed(await handler(request, visitor))
            except web.HTTPException as error:
                _sealed(error)
                raise
            except Exception as error:
                known = _known(request, error)
                body = {"error": {"code": known.code, "message": known.message}}
                return _sealed(web.json_response(body, status=known.status))

        return handle

    async def find_visitor(self, request: web.Request) -> Visitor | None:
        """The logged-in operator behind the cookie."""
        token = request.cookies.get(COOKIE, "")
        account = await self._c.accounts.find(token) if token else None
        if account is None:
            return None
        return Visitor(account, token, self._c.accounts.csrf_token(token))

    def check_origin(self, request: web.Request, *, required: bool = False) -> None:
        """Raise ForeignRequest when an unsafe request or a socket comes from another site.

        `required`: a missing Origin is refused too; browsers send one with every WebSocket.
        """
        if request.method in _SAFE_METHODS and not required:
            return
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise ForeignRequest
        origin = request.headers.get("Origin")
        if origin is None and not required:
            return
        address = urlsplit(origin or "")
        public = urlsplit(self._c.settings.public_base_url)
        ours = {request.host, public.netloc} - {""}
        # behind a proxy that ends TLS only the host is known here, not the scheme
        if address.scheme not in ("http", "https") or address.netloc not in ours:
            raise ForeignRequest

    def set_cookie(self, response: web.StreamResponse, token: str, seconds: int | None) -> None:
        """Give the browser its token; `seconds` None until it is closed."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=seconds,
            # the API takes the session too (contract.md); the token stays out of scripts' reach
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._c.settings.public_base_url.startswith("https"),
        )

    async def admit_script(self, request: web.Request) -> Visitor:
        """The logged-in operator whose page calls the API; raises NotLoggedIn, ForeignRequest."""
        visitor = await self.find_visitor(request)
        if visitor is None:
            raise NotLoggedIn
        if request.method not in _SAFE_METHODS:
            self.check_origin(request)
            given = request.headers.get(CSRF_HEADER, "")
            if not self._c.accounts.csrf_fits(visitor.token, given):
                raise ForeignRequest
        return visitor

    async def _admit(self, request: web.Request, right: Right | None) -> Visitor:
        visitor = await self.find_visitor(request)
        if visitor is None:
            raise NotLoggedIn
        if request.method not in _SAFE_METHODS:
            self.check_origin(request)
            given = request.headers.get(CSRF_HEADER)
            if given is None and not request.path.startswith("/console/api/"):
                given = (await read_form(request)).get(CSRF_FIELD)
            if given is None or not self._c.accounts.csrf_fits(visitor.token, given):
                raise ForeignRequest
        if right is not None and not visitor.account.may(right):
            raise NotAllowed
        return visitor

    def _send_to_login(self, request: web.Request, error: NotLoggedIn) -> web.Response:
        if request.headers.get("HX-Request") == "true":
            # a part of a page cannot become the login page: the page's script goes there
            return web.Response(status=error.status, text=error.message)
        target = "/console/login"
        if request.method == "GET" and request.path_qs != "/console":
            target += "?next=" + quote(request.path_qs, safe="/")
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": target})

    async def _tell_on_page(self, request: web.Request, error: Exception) -> web.Response:
        if isinstance(error, web.HTTPException):
            _sealed(error)
            raise error
        known = _known(request, error)
        visitor = await self.find_visitor(request)
        return self._pages.render("error.html", known.status, error=known, visitor=visitor)


def _known(request: web.Request, error: Exception) -> HotlineError:
    """The error if it may be told; anything else is logged whole and told as an apology."""
    if isinstance(error, HotlineError):
        return error
    if isinstance(error, ConnectionResetError):
        raise error
    log.exception("console.unexpected", path=request.path, error=type(error).__name__)
    return HotlineError()


def _sealed(response: web.StreamResponse) -> web.StreamResponse:
    if not response.prepared:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
    return response
