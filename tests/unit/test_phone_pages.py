"""The operators' pages about calls, and the calls API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import jwt
import pytest

from bot.language.models import CategoryGuess, Entity, Intent, Understanding
from conversations.bot import ScriptedBot
from hotline.app import Product, open_product
from hotline.clock import FakeClock
from hotline.settings import Settings
from telephony.desk import cut_marked
from telephony.events import Pressed
from telephony.masking import mask_spoken
from telephony.measures import CallFact, measure
from telephony.models import Arrival, Line
from telephony.provider import RecordingProvider
from telephony.reading import Order, Segment, check_order, read_order
from tests.phone import ACCOUNT, BASE, Phone, with_phone
from tests.product import (
    Client,
    TinyEmbedder,
    echo,
    first_articles,
    serve_product,
    settings,
)

KEY = "a-key-for-tests-only"
PASSWORD = "a-long-passw0rd"


def understand(text: str, *_: object) -> Understanding:
    """Enough of an understanding for these transcripts: no model."""
    entities = []
    for kind, words, data in (
        (
            "location",
            "海淀区知春路48号",
            {"district": "海淀区", "district_code": "110108", "road": "知春路", "number": "48号"},
        ),
        (
            "location",
            "海淀区知春路68号",
            {"district": "海淀区", "district_code": "110108", "road": "知春路", "number": "68号"},
        ),
        ("time", "每天晚上", {"kind": "habit"}),
        ("phone", "13812345678", {"kind": "mobile"}),
    ):
        if words in text:
            at = text.index(words)
            entities.append(Entity(kind, words, words, at, at + len(words), data))
    intent = Intent("report_case" if "油烟" in text else "inform", 0.9)
    guess = CategoryGuess("06027", "油烟污染", 0.9 if "油烟" in text else 0.1)
    vector = TinyEmbedder().embed([text])[0]
    return Understanding(
        text, text, intent, (intent,), guess, (guess,), tuple(entities), None, vector
    )


TALK = [
    {"id": "1", "speaker": "operator", "text": "您好，请讲。", "start_ms": 0, "end_ms": 900},
    {"id": "2", "speaker": "resident", "text": "海淀区知春路48号有家饭馆油烟太大", "start_ms": 1000, "end_ms": 5000},
    {"id": "3", "speaker": "operator", "text": "什么时候，您的电话是多少", "start_ms": 5100, "end_ms": 7000},
    {"id": "4", "speaker": "resident", "text": "每天晚上，13812345678，没人管", "start_ms": 7100, "end_ms": 9000},
]  # fmt: skip


@pytest.fixture
async def product(settings: Settings, clock: FakeClock) -> AsyncIterator[Product]:
    chosen = with_phone(settings, calls_api_keys=KEY, public_base_url="")
    async with open_product(
        chosen, bot=ScriptedBot(echo), clock=clock, embedder=TinyEmbedder(),
        provider=RecordingProvider(),
    ) as running:  # fmt: skip
        running.telephony.transcripts._reader = understand
        await running.accounts.add_operator("li", "小李", "supervisor", PASSWORD)
        yield running


@pytest.fixture
async def client(product: Product) -> AsyncIterator[Client]:
    async with serve_product(product) as browser:
        yield browser


async def log_in(client: Client) -> tuple[dict[str, str], str]:
    """Headers of a logged-in supervisor and her CSRF token."""
    page = await client.get("/console/login")
    text = await page.text()
    token = text.split('name="csrf_token" value="')[1].split('"')[0]
    cookies = "; ".join(f"{k}={v.value}" for k, v in page.cookies.items())
    done = await client.post(
        "/console/login",
        data={"login": "li", "password": PASSWORD, "csrf_token": token},
        headers={"Cookie": cookies},
        allow_redirects=False,
    )
    assert done.status == 303, await done.text()
    cookies = "; ".join(f"{k}={v.value}" for k, v in done.cookies.items())
    page = await client.get("/console/calls", headers={"Cookie": cookies})
    text = await page.text()
    assert page.status == 200, text
    return {"Cookie": cookies}, text.split('name="csrf-token" content="')[1].split('"')[0]


async def post_segments(client: Client, key: str = KEY, **body: object) -> aiohttp.ClientResponse:
    return await client.post(
        "/api/v1/calls/desk-7/segments",
        json={"segments": TALK, **body},
        headers={"Authorization": f"Bearer {key}"},
    )


async def test_segments_become_an_order_with_evidence(client: Client) -> None:
    response = await post_segments(client, final=True)
    body = await response.json()
    assert response.status == 200, body
    fields = {each["name"]: each for each in body["report"]["fields"]}
    assert fields["category"]["value"] == "油烟污染"
    assert fields["phone"]["value"] == "138****5678"
    (proof,) = fields["location"]["evidence"]
    said = TALK[1]["text"]
    assert said[proof["start"] : proof["end"]] == "海淀区知春路48号"
    assert (body["report"]["mood"], body["report"]["purpose"]) == ("不满", "投诉")
    again = await (await post_segments(client)).json()
    assert len(again["segments"]) == len(TALK)


async def test_the_operators_order_is_checked(client: Client) -> None:
    await post_segments(client)
    response = await client.post(
        "/api/v1/calls/desk-7/order",
        json={"category": "06027", "location": "海淀区知春路68号", "phone": "13812345678"},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    found = {each["field"]: each["problem"] for each in (await response.json())["report"]["check"]}
    assert found == {"location": "contradicted", "occurred": "missing"}


async def test_the_number_is_sealed_in_the_database(client: Client, product: Product) -> None:
    await post_segments(client)
    async with product.db.read() as session:
        from sqlalchemy import text

        stored = str((await session.execute(text("SELECT report FROM calls"))).scalar())
    assert (
        "13812345678"
        not in stored.split('"fields"')[1]
        .split('"missing"', maxsplit=1)[0]
        .replace(TALK[3]["text"], "")
        or "sealed" in stored
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"segments": []}, 400),
        ({"segments": [{"speaker": "x", "text": "a", "start_ms": 0, "end_ms": 1}]}, 400),
        ({"segments": [{"speaker": "resident", "text": "a", "start_ms": 5, "end_ms": 1}]}, 400),
        (
            {"segments": [{"speaker": "resident", "text": "a" * 3000, "start_ms": 0, "end_ms": 1}]},
            400,
        ),
        ({"segments": TALK * 200}, 413),
        ({"segments": TALK, "started_at": "yesterday"}, 400),
    ],
)
async def test_wrong_segments(client: Client, body: dict[str, object], status: int) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    response = await client.post("/api/v1/calls/x/segments", json=body, headers=headers)
    assert response.status == status


async def test_the_calls_api_needs_its_key(client: Client) -> None:
    assert (await post_segments(client, key="wrong")).status == 401
    assert (await client.get("/api/v1/calls/desk-7")).status == 401


async def test_pages_show_calls_transcripts_and_measures(
    client: Client, product: Product, clock: FakeClock
) -> None:
    from dataclasses import replace

    headers, csrf = await log_in(client)
    await post_segments(client, final=True)
    (transcript,) = await product.telephony.transcripts.recent()
    page = await (
        await client.get(f"/console/calls/transcripts/{transcript.id}", headers=headers)
    ).text()
    assert '<mark title="地点">海淀区知春路48号' in page
    assert "138****5678" in page
    assert "13812345678" not in page
    assert (
        "desk-7" in await (await client.get("/console/calls/transcripts", headers=headers)).text()
    )
    measures = await client.get("/console/calls/measures", headers=headers)
    assert "GB/T 33358" in await measures.text() or "没有来电" in await measures.text()
    done = await client.post(
        "/console/calls/line",
        data={"number": "010-8888 0001", "ready": "yes", "csrf_token": csrf},
        headers=headers,
        allow_redirects=False,
    )
    assert done.status == 303, await done.text()
    assert "可以接听" in await (await client.get("/console/calls", headers=headers)).text()
    done = await client.post(
        "/console/calls/call-backs",
        data={"number": "13900001111", "case_number": "2026112200001", "csrf_token": csrf},
        headers=headers,
        allow_redirects=False,
    )
    assert done.status == 303
    assert "办结回访" in await (await client.get("/console/calls", headers=headers)).text()


async def test_strangers_see_no_call_page(client: Client) -> None:
    for path in ("", "/measures", "/transcripts", "/recordings/RE1", "/x"):
        answer = await client.get(f"/console/calls{path}", allow_redirects=False)
        assert answer.status == 303


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("幺三八，幺二三四，五六七八。对请说对", "幺三八****五六七八。对请说对"),
        ("电话13812345678", "电话138****5678"),
        ("幺三八幺二三四，请接着说", "幺****四，请接着说"),
        ("工单号二零二六，幺幺二二，零零零零幺", "工单号二零二六，幺幺二二，零零零零幺"),
        ("知春路四十八号三单元", "知春路四十八号三单元"),
    ],
)
def test_spoken_numbers_are_covered(said: str, shown: str) -> None:
    assert mask_spoken(said) == shown


def test_marks_are_cut_out_of_the_text() -> None:
    assert cut_marked("在知春路吵", [(1, 4, "地点"), (0, 5, "内容")]) == [
        ("在", "内容"),
        ("知春路", "地点"),
        ("吵", "内容"),
    ]


def test_a_correction_in_the_talk_counts() -> None:
    talk = [
        Segment("1", "resident", "海淀区知春路48号有家饭馆油烟太大", 0, 1),
        Segment("2", "resident", "不是48号，是68号", 2, 3),
    ]
    order = read_order(talk, understand)
    place = order.value("location")
    assert place is not None
    assert "68号" in place.value
    assert isinstance(order, Order)
    assert check_order(order, {"category": "油烟污染", "location": "知春路68号"}) == ()


def test_measures_by_their_formulas(clock: FakeClock) -> None:
    now = clock.now()

    def fact(minutes: int, answered: float | None, caller: str, **more: object) -> CallFact:
        start = now + timedelta(minutes=minutes)
        values: dict[str, object] = {
            "human_wanted_at": None, "queued_at": None, "joined_at": None, "ended_at": None,
            "spoke": True, "silences": 0, "misses": 0, "abandoned": False, **more,
        }  # fmt: skip
        answer = start + timedelta(seconds=answered) if answered is not None else None
        return CallFact(caller, start, answer, **values)  # type: ignore[arg-type]

    wanted = now + timedelta(minutes=2)
    found = measure(
        [
            fact(0, 2, "a"),
            fact(1, 20, "b", misses=1),
            fact(2, 1, "a", human_wanted_at=wanted, queued_at=wanted, abandoned=True),
            fact(3, None, "c"),
        ]
    )
    assert (found.connect_rate, found.within_goal) == (0.75, 0.5)
    assert (found.abandon_rate, found.human_connect_rate) == (1.0, 0.0)
    assert found.resolved_rate == pytest.approx(1 / 3)
    assert found.reprompt_rate == pytest.approx(1 / 3)


async def test_the_browser_telephone_has_a_token_that_only_takes_calls(
    client: Client, product: Product
) -> None:
    headers, csrf = await log_in(client)
    ask = {**headers, "X-CSRF-Token": csrf}
    assert (await client.post("/console/api/calls/softphone", headers=ask)).status == 404
    assert (await client.get("/console/calls/softphone", headers=headers)).status == 404
    key, secret = "SK" + "2" * 32, "tests only, no secret, but long enough for it"
    chosen = replace(product.settings, twilio_api_key=key, twilio_api_secret=secret)
    object.__setattr__(product.telephony, "settings", chosen)
    answer = await (await client.post("/console/api/calls/softphone", headers=ask)).json()
    claims = jwt.decode(answer["token"], secret, algorithms=["HS256"])
    (account,) = await product.accounts.list_operators()
    assert (claims["iss"], claims["sub"]) == (key, ACCOUNT)
    assert claims["exp"] - claims["nbf"] == answer["seconds"] == 3600
    assert claims["grants"] == {
        "voice": {"incoming": {"allow": True}},
        "identity": f"operator_{account.id}",
    }
    page = await client.get("/console/calls/softphone", headers=headers)
    assert "wss://*.twilio.com" in page.headers["Content-Security-Policy"]
    assert "twilio.com" not in (await client.get("/console/calls", headers=headers)).headers[
        "Content-Security-Policy"
    ]  # fmt: skip
    stranger = await client.post("/console/api/calls/softphone", headers={"X-CSRF-Token": csrf})
    assert stranger.status == 401
    forged = await client.post("/console/api/calls/softphone", headers=headers)
    assert forged.status == 403


async def test_a_waiting_call_rings_the_browser(client: Client, product: Product) -> None:
    headers, csrf = await log_in(client)
    done = await client.post(
        "/console/calls/line",
        data={"browser": "yes", "ready": "yes", "csrf_token": csrf},
        headers=headers,
        allow_redirects=False,
    )
    assert done.status == 303
    assert "网页话机" in await (await client.get("/console/calls", headers=headers)).text()
    telephony = product.telephony
    call = await telephony.calls.arrive(Arrival("CA" + "7" * 32, "13812345678", "", Line.GATHER))
    await telephony.calls.play(call.id, 0, None)
    await telephony.calls.play(call.id, 1, Pressed("0"))
    await telephony.transfers.ring_for_waiting(telephony.calls.push)
    (account,) = await product.accounts.list_operators()
    assert isinstance(telephony.provider, RecordingProvider)
    ((rung, _),) = telephony.provider.named("call_operator")
    assert rung == f"client:operator_{account.id}?call={call.id}"


async def test_an_operators_talk_is_written_and_read_while_it_goes_on(
    client: Client, product: Product, clock: FakeClock
) -> None:
    on = replace(product.settings, telephony_transcribe=1, public_base_url=BASE)
    async with open_product(
        on, bot=ScriptedBot(echo), clock=clock, embedder=TinyEmbedder(),
        provider=RecordingProvider(),
    ) as running:  # fmt: skip
        running.telephony.transcripts._reader = understand
        async with serve_product(running) as browser:
            phone = Phone(browser, clock)
            await phone.dial()
            await phone.say("海淀区知春路48号有家饭馆油烟太大")
            call = await running.telephony.calls.by_sid(phone.sid)
            assert call is not None
            await phone.fetch(f"join?call={call.id}")
            words = phone.last.find("Start/Transcription")
            assert (words.get("track"), words.get("languageCode")) == ("both_tracks", "cmn-Hans-CN")
            url = words.get("statusCallbackUrl")
            for number, track, text in (
                ("2", "outbound_track", "什么时候，您的电话是多少"),
                ("3", "inbound_track", "每天晚上，13812345678"),
                ("3", "inbound_track", "每天晚上，13812345678"),
            ):
                clock.advance(timedelta(seconds=6))
                await phone.post(
                    url, TranscriptionEvent="transcription-content", Track=track, SequenceId=number,
                    TranscriptionData=json.dumps({"transcript": text, "confidence": 0.9}),
                )  # fmt: skip
            await phone.post(url, TranscriptionEvent="transcription-stopped", SequenceId="4")
            found = await running.telephony.transcripts.get(phone.sid)
            assert [s.text for s in found.segments][-2:] == [
                "什么时候，您的电话是多少",
                "每天晚上，13812345678",
            ]
            fields = {item["name"]: item["value"] for item in found.report["fields"]}
            assert fields["occurred"] == "每天晚上"
            assert fields["phone"] == "13812345678"
            assert "48号" in fields["location"]
            assert found.ended_at is None
            await phone.hang_up()
            assert (await running.telephony.transcripts.get(phone.sid)).ended_at is not None


async def test_who_refused_recording_is_not_transcribed(product: Product, clock: FakeClock) -> None:
    on = replace(product.settings, telephony_transcribe=1, public_base_url=BASE)
    async with open_product(
        on, bot=ScriptedBot(echo), clock=clock, embedder=TinyEmbedder(),
        provider=RecordingProvider(),
    ) as running:  # fmt: skip
        async with serve_product(running) as browser:
            phone = Phone(browser, clock)
            assert "录音" in await phone.dial()
            await phone.say("不要录音")
            call = await running.telephony.calls.by_sid(phone.sid)
            assert call is not None
            await phone.fetch(f"join?call={call.id}")
            assert phone.last.find("Start") is None


def read(text: str) -> Understanding:
    """A reading with what the transcripts below need."""
    found = understand(text)
    intents = {"我想反映个事": ("make_suggestion", 0.2), "楼顶有人盖房子": ("report_case", 0.99)}
    name, sure = intents.get(text, (found.intent.name, found.intent.confidence))
    times = [word for word in ("半夜", "从上周开始") if word in text]
    entities = [
        *found.entities,
        *(
            Entity("time", word, word, text.index(word), text.index(word) + len(word), {})
            for word in times
        ),
    ]
    return replace(found, intent=Intent(name, sure), entities=tuple(entities))


def talk(*said: str) -> Order:
    """The order of a talk; the operator speaks first, then they take turns."""
    speakers = ("operator", "resident")
    return read_order(
        [Segment(str(at), speakers[at % 2], text, at, at + 1) for at, text in enumerate(said)], read
    )


def test_a_vague_beginning_does_not_make_advice_of_a_trouble() -> None:
    order = talk("请讲", "我想反映个事", "您说", "海淀区知春路48号油烟太大")
    assert order.kind == "投诉"
    assert order.value("category") is not None
    assert order.value("description").value == "海淀区知春路48号油烟太大"  # type: ignore[union-attr]


def test_the_answer_to_when_counts_more_than_a_passing_word() -> None:
    order = talk("请讲", "海淀区知春路48号半夜还有油烟", "什么时候开始的", "从上周开始")
    assert order.value("occurred").value == "从上周开始"  # type: ignore[union-attr]
    assert check_order(order, {"occurred": "半夜", "location": "海淀区知春路48号"}) == tuple(
        each
        for each in check_order(order, {"location": "海淀区知春路48号", "occurred": "从上周开始"})
    )


def test_the_same_road_in_another_district_contradicts() -> None:
    order = talk("请讲", "海淀区知春路48号油烟太大")
    found = {(f.field, f.problem) for f in check_order(order, {"location": "延庆区知春路48号"})}
    assert ("location", "contradicted") in found
    assert not [f for f in check_order(order, {"location": "知春路48号"}) if f.field == "location"]
