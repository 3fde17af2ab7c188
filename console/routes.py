"""The console's addresses: pages under /console, what their scripts call under /console/api."""

from __future__ import annotations

from aiohttp import web

from console.context import ConsoleContext
from console.desk import Desk
from console.door import Door, Visitor
from console.errors import NotAllowed
from console.models import Right
from console.pages import HERE, Pages
from console.routes_api import DeskApi
from console.routes_articles import article_routes
from console.routes_case_people import HotSpotPages
from console.routes_cases import CasePages
from console.routes_corrections import correction_routes
from console.routes_desk import DeskPages
from console.routes_gaps import gap_routes
from console.routes_keys import key_routes
from console.routes_login import LoginPages
from console.routes_officers import officer_routes
from console.routes_operators import OperatorPages
from console.routes_places import place_routes
from console.routes_sheets import sheet_routes
from console.routes_trials import trial_routes

__all__ = ["ConsoleContext", "setup_console"]

_STATIC = "/console/static"


def setup_console(app: web.Application, context: ConsoleContext) -> tuple[Door, Pages]:
    """Add the operators' console to the application; its door and pages serve other doors too."""
    pages = Pages(context.clock, context.settings.city_name)
    desk = Desk(context.db, context.clock, context.reach)
    door = Door(context, pages)
    login = LoginPages(context, door, pages)
    desk_pages = DeskPages(context, desk, pages)
    api = DeskApi(context, desk, door)
    cases = CasePages(context, pages)
    operators = OperatorPages(context, pages)
    serve, read, manage = Right.SERVE, Right.READ_CASES, Right.MANAGE_OPERATORS
    one = "/console/api/conversations/{id}"

    async def show_home(request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console: the desk, or the pages of one's unit."""
        if visitor.account.may(Right.HANDLE_CASES):
            raise web.HTTPSeeOther("/console/unit")
        if not visitor.account.may(serve):
            raise NotAllowed
        return await desk_pages.show(request, visitor)

    app.add_routes(
        [
            web.get("/console/login", door.open_page(login.show)),
            web.post("/console/login", door.open_page(login.log_in)),
            web.post("/console/logout", door.page(login.log_out)),
            web.get("/console/password", door.page(login.show_password)),
            web.post("/console/password", door.page(login.change_password)),
            web.get("/console", door.page(show_home)),
            web.get("/console/lists", door.page(desk_pages.show_lists, serve)),
            web.get("/console/conversations/{id}", door.page(desk_pages.show, serve)),
            web.get("/console/conversations/{id}/folder", door.page(desk_pages.show_folder, serve)),
            web.get("/console/cases", door.page(cases.show_list, read)),
            web.get("/console/cases/{number}", door.page(cases.show_one, read)),
            web.get("/console/cases/{number}/photos/{photo}", door.page(cases.show_photo, read)),
            web.post(
                "/console/cases/{number}/contact", door.page(cases.show_contact, Right.REVEAL_ANY)
            ),
            web.get("/console/hot-spots", door.page(HotSpotPages(context, pages).show, read)),
            web.post("/console/cases/{number}/steps", door.page(cases.act, Right.MOVE_CASES)),
            web.post(
                "/console/cases/{number}/requests/{id}", door.page(cases.decide, Right.RULE_CASES)
            ),
            web.get("/console/operators", door.page(operators.show, manage)),
            web.post("/console/operators", door.page(operators.add, manage)),
            web.post("/console/operators/{id}/{deed}", door.page(operators.change, manage)),
            web.get("/console/api/me", door.api(api.tell_me, serve)),
            web.get("/console/api/socket", door.api(api.open_socket, serve)),
            web.get(f"{one}/entries", door.api(api.get_earlier, serve)),
            web.get(f"{one}/attachments/{{attachment}}", door.api(api.get_attachment, serve)),
            web.post(f"{one}/messages", door.api(api.answer, serve)),
            web.post(f"{one}/notes", door.api(api.add_note, serve)),
            web.post(f"{one}/take", door.api(api.take, serve)),
            web.post(f"{one}/return", door.api(api.give_back, serve)),
            web.post(f"{one}/close", door.api(api.close, serve)),
            web.post(f"{one}/reveal", door.api(api.reveal, serve)),
            *article_routes(context, door, pages),
            *gap_routes(context, door, pages),
            *correction_routes(context, door, pages),
            *trial_routes(context, door, pages),
            *place_routes(context, door, pages),
            *key_routes(context, door, pages),
            *sheet_routes(context, door, pages),
            *officer_routes(context, door, pages),
            web.static(_STATIC, HERE / "static"),
        ]
    )
    app.on_response_prepare.append(_revalidate_static)
    app.on_shutdown.append(api.close_sockets)
    return door, pages


async def _revalidate_static(request: web.Request, response: web.StreamResponse) -> None:
    # scripts import each other by plain names: a browser must ask whether they changed
    if request.path.startswith(_STATIC):
        response.headers.setdefault("Cache-Control", "no-cache")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
