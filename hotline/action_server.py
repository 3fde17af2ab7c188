"""The action endpoint: rasa_sdk's executor on this machine, inside the application.

It is what `rasa run actions` would be, but shares the services' database and indexes. Bound to
the loopback address only.
"""

from __future__ import annotations

import logging

import structlog
from aiohttp import web
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

log = structlog.get_logger(__name__)

_BODY_BYTES = 16 * 1024 * 1024
"""A tracker with its events: large for a long session, bounded all the same."""


def make_action_app() -> web.Application:
    """The aiohttp application behind http://localhost:5055/webhook."""
    logging.getLogger("rasa_sdk").setLevel(logging.WARNING)
    executor = ActionExecutor()
    executor.register_package("actions")

    async def run_action(request: web.Request) -> web.Response:
        call = await request.json()
        name = str(call.get("next_action"))
        try:
            result = await executor.run(call)
        except ActionExecutionRejection as error:
            body = {"error": error.message, "action_name": error.action_name}
            return web.json_response(body, status=400)
        except ActionNotFoundException as error:
            body = {"error": error.message, "action_name": error.action_name}
            return web.json_response(body, status=404)
        except Exception as error:  # Rasa must hear that it failed, and the gateway apologises
            log.exception("action.failed", action=name, error=type(error).__name__)
            return web.json_response({"error": "failed", "action_name": name}, status=500)
        return web.json_response(result or {"events": [], "responses": []})

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application(client_max_size=_BODY_BYTES)
    app.add_routes([web.post("/webhook", run_action), web.get("/health", health)])
    return app
