"""The door at /open311/v2: discovery, services, requests, tokens; XML and JSON."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from cases.categories import get_category
from cases.errors import CaseNotFound
from cases.models import Case
from cases.open311.intake import read_case, read_fields, read_wanted
from cases.open311.models import define_service, describe_request, list_services
from cases.open311.rendering import XML, render
from cases.service import Cases
from hotline.audit import Actor
from hotline.clock import Clock
from hotline.errors import Forbidden, HotlineError, InvalidInput, NotFound
from hotline.limits import Limiter
from hotline.settings import Settings
from hotline.web import client_address, network_of

log = structlog.get_logger(__name__)

CHANGESET = "2026-11-29T00:00:00+08:00"
"""When this description of the service last changed."""
_POSTS_PER_MINUTE, _READS_PER_MINUTE = 120, 300
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CALL = "如有人身危险，请立即拨打 110、119、120 或 122。"
Answer = Callable[[web.Request, str], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Open311:
    """Handlers of /open311; there are none without an API key in the settings."""

    settings: Settings
    cases: Cases
    clock: Clock
    limiter: Limiter

    def setup(self, app: web.Application) -> None:
        """Add the routes, each with and without a format."""
        if not self.keys:
            return
        reading = {
            "/open311/discovery": self.discover,
            "/open311/v2/discovery": self.discover,
            "/open311/v2/services": self.list_services,
            "/open311/v2/services/{code}": self.define_service,
            "/open311/v2/requests": self.find,
            "/open311/v2/requests/{id}": self.get,
            "/open311/v2/tokens/{token}": self.resolve,
        }
        for path, answer in reading.items():
            plain = re.sub(r"\{(\w+)\}", r"{\1:[^/.]+}", path)
            handler = self._read(answer)
            app.router.add_get(plain + ".{format:xml|json}", handler)
            app.router.add_get(plain, handler)
        for path in ("/open311/v2/requests.{format:xml|json}", "/open311/v2/requests"):
            app.router.add_post(path, self._told(self.post))

    @property
    def keys(self) -> list[str]:
        """The API keys that may file."""
        return [key for key in map(str.strip, self.settings.open311_api_keys.split(",")) if key]

    def _read(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def limited(request: web.Request, form: str) -> web.Response:
            address = network_of(client_address(request, self.settings))
            await self.limiter.spend(f"open311-read:{address}", _READS_PER_MINUTE, 60)
            self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
            return await answer(request, form)

        return self._told(limited)

    def _told(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            form = request.match_info.get("format", XML)
            try:
                return await answer(request, form)
            except HotlineError as error:
                known = error
            except web.HTTPException as error:
                known = HotlineError("请求没有成功，请检查后再试。")
                known.status = error.status
            except Exception as error:  # the outermost boundary: logged whole, told as an apology
                log.exception("open311.unexpected", error=type(error).__name__)
                known = HotlineError()
            rows = [{"code": known.status, "description": known.message}]
            return render(form, "errors", rows, known.status)

        return handle

    def _check_jurisdiction(self, given: str) -> None:
        ours = self.settings.open311_jurisdiction_id
        if ours and given and given != ours:
            raise NotFound(f"没有这个辖区，本接口的 jurisdiction_id 是 {ours}。")

    async def discover(self, request: web.Request, form: str) -> web.Response:
        """GET discovery: where the endpoints are and what they speak."""
        base = self.settings.public_base_url.rstrip("/") or str(request.url.origin())
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{base}/open311/v2",
            "changeset": CHANGESET,
            "type": "production",
            "formats": ["text/xml", "application/json"],
        }
        found = {
            "changeset": CHANGESET,
            "contact": f"{self.settings.city_name}城市管理热线 96310",
            "key_service": "接口密钥（api_key）由热线管理人员发放。",
            "endpoints": [endpoint],
        }
        return render(form, "discovery", found)

    async def list_services(self, request: web.Request, form: str) -> web.Response:
        """GET services"""
        # the first time, residents' words are read from files, which takes half a second
        return render(form, "services", await asyncio.to_thread(list_services))

    async def define_service(self, request: web.Request, form: str) -> web.Response:
        """GET services/{code}"""
        code = request.match_info["code"]
        try:
            get_category(code)
        except InvalidInput as error:
            raise NotFound(error.message) from None
        return render(form, "service_definition", define_service(code))

    async def find(self, request: web.Request, form: str) -> web.Response:
        """GET requests"""
        wanted = read_wanted(request.query, self.clock.now())
        found = await self.cases.find_public(wanted)
        return render(form, "service_requests", [describe_request(case) for case in found])

    async def get(self, request: web.Request, form: str) -> web.Response:
        """GET requests/{id}"""
        found = await self.cases.find_public(
            read_wanted({"service_request_id": request.match_info["id"]}, self.clock.now())
        )
        if not found:
            raise CaseNotFound
        return render(form, "service_requests", [describe_request(found[0])])

    async def post(self, request: web.Request, form: str) -> web.Response:
        """POST requests: files a case; the same Idempotency-Key files once."""
        fields = await read_fields(request)
        key = self._admit(fields.get("api_key") or request.query.get("api_key", ""))
        await self.limiter.spend(f"open311:{key}", _POSTS_PER_MINUTE, 60)
        self._check_jurisdiction(
            fields.get("jurisdiction_id") or request.query.get("jurisdiction_id", "")
        )
        token = request.headers.get("Idempotency-Key", "") or uuid.uuid4().hex
        if not _KEY.fullmatch(token):
            raise InvalidInput("Idempotency-Key 最多 64 个字母、数字、点、横线或下划线。")
        new = read_case(fields, _filing_key(key, token))
        case = await self.cases.file(new, Actor("system", f"open311:{key}", "Open311 接口"))
        answer = {
            "service_request_id": case.case_number,
            "service_notice": _notice(case),
            "account_id": fields.get("account_id") or None,
        }
        return render(form, "service_requests", [answer])

    async def resolve(self, request: web.Request, form: str) -> web.Response:
        """GET tokens/{token}: what was filed under an Idempotency-Key whose answer got lost."""
        token = request.match_info["token"]
        for key in self.keys:
            number = await self.cases.number_under(_filing_key(_name(key), token))
            if number:
                row = {"service_request_id": number, "token": token}
                return render(form, "service_requests", [row])
        raise NotFound("没有这个 token，或还没有登记。")

    def _admit(self, given: str) -> str:
        """A name for the key, safe to keep; raises Forbidden."""
        if not given:
            raise Forbidden("缺少 api_key。")
        fitting = [hmac.compare_digest(given.encode(), key.encode()) for key in self.keys]
        if not any(fitting):
            raise Forbidden("api_key 不对。")
        return _name(given)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _filing_key(name: str, token: str) -> str:
    return f"open311:{name}:{token}"


def _notice(case: Case) -> str:
    told = f"已登记，工单号 {case.case_number}。"
    if case.limit_name:
        told += f"办理时限：{case.limit_name}。"
    return _CALL + told if case.emergency else told
