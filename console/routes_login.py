"""Logging in and out, and one's own password."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from aiohttp import web

from console.context import ConsoleContext
from console.door import COOKIE, CSRF_FIELD, Door, Visitor
from console.errors import ForeignRequest
from console.intake import HOME, read_form, read_next
from console.live import operator_topic
from console.models import LONGEST_PASSWORD, SHORTEST_PASSWORD
from console.pages import Pages
from hotline.errors import HotlineError, InvalidInput
from hotline.web import client_address


class LoginPages:
    """Handlers of /console/login, /console/logout and /console/password."""

    def __init__(self, context: ConsoleContext, door: Door, pages: Pages) -> None:
        self._c = context
        self._door = door
        self._pages = pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /console/login"""
        target = read_next(request.query.get("next", ""))
        if await self._door.find_visitor(request) is not None:
            raise web.HTTPSeeOther(target)
        return self._form(target)

    async def log_in(self, request: web.Request) -> web.StreamResponse:
        """POST /console/login"""
        form = await read_form(request)
        target, login = read_next(form.get("next", "")), form.get("login", "")
        held = request.cookies.get(COOKIE, "")
        if not held or not self._c.accounts.csrf_fits(held, form.get(CSRF_FIELD, "")):
            return self._form(target, ForeignRequest("页面已过期，请重新输入后登录。"), login)
        try:
            logged_in = await self._c.accounts.log_in(
                login,
                form.get("password", ""),
                client_address(request, self._c.settings),
                held,
            )
        except HotlineError as error:
            return self._form(target, error, login)
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": target})
        self._keep(response, logged_in.token)
        return response

    async def log_out(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/logout"""
        await self._c.accounts.log_out(visitor.token)
        self._c.bus.publish(operator_topic(visitor.account.id), {"type": "session_ended"})
        location = {"Location": "/console/login"}
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers=location)
        response.del_cookie(COOKIE, path="/")
        # cached pages and anything a script kept go with the session
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    async def show_password(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/password"""
        return self._password_form(visitor)

    async def change_password(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/password"""
        form = await read_form(request)
        new = form.get("new", "")
        try:
            if new != form.get("again", ""):
                raise InvalidInput("两次输入的新密码不一样，请重新输入。")
            logged_in = await self._c.accounts.change_password(
                visitor.account, form.get("current", ""), new
            )
        except HotlineError as error:
            return self._password_form(visitor, error)
        self._c.bus.publish(operator_topic(visitor.account.id), {"type": "session_ended"})
        fresh = Visitor(
            logged_in.account, logged_in.token, self._c.accounts.csrf_token(logged_in.token)
        )
        response = self._password_form(fresh, done=True)
        self._keep(response, logged_in.token)
        return response

    def _form(
        self, target: str, error: HotlineError | None = None, login: str = ""
    ) -> web.Response:
        # a token of nobody's: it only ties this form to this browser, and ends at login
        token = secrets.token_urlsafe(32)
        response = self._pages.render(
            "login.html",
            error.status if error else HTTPStatus.OK,
            csrf_token=self._c.accounts.csrf_token(token),
            next=target if target != HOME else "",
            login=login[:64],
            error=error,
        )
        self._door.set_cookie(response, token, None)
        return response

    def _password_form(
        self, visitor: Visitor, error: HotlineError | None = None, done: bool = False
    ) -> web.Response:
        return self._pages.render(
            "password.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            error=error,
            done=done,
            shortest=SHORTEST_PASSWORD,
            longest=LONGEST_PASSWORD,
        )

    def _keep(self, response: web.StreamResponse, token: str) -> None:
        self._door.set_cookie(response, token, self._c.settings.session_hours * 3600)
