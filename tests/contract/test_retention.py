"""Forgetting, proved by searching the bytes of the databases and of the media folder."""

from __future__ import annotations

import io
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import select

from cases.call_backs_store import CaseCallBackRow, plan_call_backs
from cases.followers import Follower, Followers
from cases.lifecycle import Deed, Order, Part
from cases.service import Cases
from cases.store import CaseRow
from cases.workflow import Workflow
from channels.tencent.store import ChannelUserRow, InboundRow
from conversations.media import Media
from conversations.models import Incoming
from conversations.service import Conversations
from hotline.audit import BOT, SYSTEM
from hotline.bus import LocalBus
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.dialogue_memory import DialogueMemory
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from hotline.retention import Retention
from kb.corrections import Corrections, Subject
from kb.editing import Editing
from kb.gap_store import UnansweredRow
from kb.gaps import Gaps
from kb.ratings import Rated, Ratings
from kb.trust import NOTHING
from telephony.store import CallBackRow
from tests.contract.test_cases import BARBECUE, NAME, PHONE, everything_stored

OPENID = "oAbCdEf_1234567890-zhang"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG")
    return out.getvalue()


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_an_erased_person_is_nowhere(
    db: Database,
    clock: FakeClock,
    vault: Vault,
    limiter: LocalLimiter,
    bus: LocalBus,
    tmp_path: Path,
) -> None:
    conversations, filing = Conversations(db, clock, bus, vault), Cases(db, clock, vault, limiter)
    media = Media(db, clock, tmp_path / "media")
    talk, _, _ = await conversations.open("wechat", (), OPENID)
    later, _, _ = await conversations.open("wechat", (), OPENID)
    other, _, _ = await conversations.open("webchat", ())
    photo = await media.keep_image(talk.id, f"{NAME}.jpg", picture())
    said = f"我叫{NAME}，电话{PHONE}"
    await conversations.accept(talk.id, Incoming("m1", said, attachment_ids=(photo.id,)))
    await conversations.accept(later.id, Incoming("m1", f"我是{NAME}，又是我"))
    await conversations.accept(other.id, Incoming("m1", "别人的话留着"))
    new = replace(BARBECUE, conversation_id=talk.id, description=f"{NAME}家楼下烧烤")
    case = await filing.file(new, BOT)
    theirs = await filing.file(
        replace(BARBECUE, idempotency_key="t", phone=None, contact_name=None), BOT
    )
    who = Follower(talk.id, "wechat", f"我是{NAME}", (), PHONE)
    await Followers(db, clock, vault).join(theirs.case_number, who, BOT)
    async with db.write() as session:
        row = await session.get_one(CaseRow, case.case_number)
        await plan_call_backs(session, row, clock.now(), [(talk.id, row.case_number, "wechat")])
        session.add(
            ChannelUserRow(
                channel="wechat", external_user=OPENID, conversation_id=talk.id, account="",
                windows=[], permissions={}, created_at=clock.now(), updated_at=clock.now(),
            )
        )  # fmt: skip
        session.add(
            InboundRow(
                channel="wechat", external_id="x1", external_user=OPENID, kind="text",
                body={"text": said}, created_at=clock.now(), received_at=clock.now(),
            )
        )  # fmt: skip
        session.add(
            UnansweredRow(question=said, channel="wechat", best_score=0.0, asked_at=clock.now())
        )
        session.add(
            CallBackRow(
                id="b" * 32, errand="follow_up", status="waiting", number_sealed=vault.lock(PHONE),
                number_blind=vault.blind(PHONE), when_text="", due_at=clock.now(), attempts=0,
                case_number=case.case_number, outcome={"remaining": f"{NAME}说没修"},
                created_at=clock.now(), updated_at=clock.now(),
            )
        )  # fmt: skip
    memory_path = tmp_path / "rasa.db"
    with sqlite3.connect(memory_path) as raw:
        raw.execute("CREATE TABLE events (sender_id TEXT, timestamp REAL, data TEXT)")
        for sender in (f"{talk.id}.1", f"{talk.id}.2", f"{other.id}.1"):
            raw.execute("INSERT INTO events VALUES (?, 0, ?)", (sender, f"{said} {sender}"))
    raw.close()
    memory = DialogueMemory(Database(f"sqlite+aiosqlite:///{memory_path}"))
    before = await everything_stored(db)
    for trace in (PHONE, NAME, OPENID, vault.blind(PHONE)):
        assert trace.encode() in before, trace
    retention = Retention(db, clock, vault, media, memory=memory)
    erased = await retention.erase_person(PHONE, SYSTEM)
    await memory.close()
    assert (erased.cases, erased.conversations) == (1, 2)
    stored = await everything_stored(db)
    remembered = bytes_below(tmp_path)
    for trace in (PHONE, NAME, OPENID, vault.blind(PHONE)):
        for where in (stored, bytes_below(tmp_path / "media")):
            assert trace.encode() not in where, trace
    assert f"{talk.id}.1".encode() not in remembered
    assert f"{other.id}.1".encode() in remembered
    assert bytes_below(tmp_path / "media") == b""
    assert "别人的话留着".encode() in stored
    kept = await filing.get(case.case_number)
    assert (kept.category_code, kept.phone_masked) == ("06029", None)
    async with db.read() as session:
        (asked,) = await session.scalars(select(CaseCallBackRow))
        (owed,) = await session.scalars(select(CallBackRow))
    assert (asked.status, owed.status) == ("cancelled", "cancelled")


async def test_a_person_is_found_by_his_account_too(
    db: Database, clock: FakeClock, vault: Vault, bus: LocalBus
) -> None:
    conversations = Conversations(db, clock, bus, vault)
    talk, _, _ = await conversations.open("wechat", (), OPENID)
    await conversations.accept(talk.id, Incoming("m1", f"我叫{NAME}"))
    await Retention(db, clock, vault).erase_person(OPENID, SYSTEM)
    stored = await everything_stored(db)
    assert OPENID.encode() not in stored
    assert NAME.encode() not in stored


async def test_numbers_said_outside_a_report_lie_sealed(
    db: Database, clock: FakeClock, vault: Vault, bus: LocalBus
) -> None:
    conversations = Conversations(db, clock, bus, vault)
    talk, _, _ = await conversations.open("webchat", ())
    said = f"打我电话{PHONE}，座机010-62541234"
    accepted = await conversations.accept(talk.id, Incoming("m1", said))
    assert accepted.entry.text == said  # the assistant reads it whole
    await conversations.turns.begin(talk.id, "t")
    await conversations.turns.finish(talk.id, accepted.entry.id, (), None, "t")
    await db.wipe_free_space()  # the journal of SQLite holds what was there a moment ago
    stored = await everything_stored(db)
    assert PHONE.encode() not in stored
    assert b"62541234" not in stored
    (entry,) = await conversations.timeline(talk.id)
    assert entry.sealed
    assert "138****5678" in entry.text
    assert await conversations.words_as_sent(talk.id, entry.seq) == said


async def test_while_a_report_is_told_numbers_stay_readable_and_then_no_longer(
    db: Database, clock: FakeClock, vault: Vault, bus: LocalBus
) -> None:
    conversations = Conversations(db, clock, bus, vault)
    talk, _, _ = await conversations.open("webchat", ())
    await conversations.keep_draft(talk.id, {"fields": []})
    accepted = await conversations.accept(talk.id, Incoming("m1", PHONE))
    await conversations.turns.begin(talk.id, "t")
    await conversations.turns.finish(talk.id, accepted.entry.id, (), None, "t")
    assert (await conversations.timeline(talk.id))[0].text == PHONE
    await conversations.keep_draft(talk.id, None)
    assert (await conversations.timeline(talk.id))[0].text == "138****5678"
    await db.wipe_free_space()
    assert PHONE.encode() not in await everything_stored(db)


async def test_cases_lose_their_person_when_their_time_is_over(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter
) -> None:
    filing, retention = Cases(db, clock, vault, limiter), Retention(db, clock, vault)
    over = await filing.file(BARBECUE, BOT)
    kept = await filing.file(replace(BARBECUE, idempotency_key="open"), BOT)
    order = Order(Deed.WITHDRAW, 1, "市民撤回")
    await Workflow(db, clock).act(over.case_number, order, BOT, Part.DESK)
    clock.advance(timedelta(days=179))
    assert (await retention.retain(SYSTEM)).cases == 0
    clock.advance(timedelta(days=2))
    assert (await retention.retain(SYSTEM)).cases == 1
    assert (await retention.retain(SYSTEM)).cases == 0
    assert (await filing.get(over.case_number)).phone_masked is None
    assert (await filing.get(kept.case_number)).phone_masked == "138****5678"


async def test_what_an_erased_person_asked_in_vain_and_found_wrong_goes_too(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter, bus: LocalBus
) -> None:
    conversations, filing = Conversations(db, clock, bus), Cases(db, clock, vault, limiter)
    gaps = Gaps(db, clock, lambda texts: np.ones((len(texts), 4), np.float32), Editing(db, clock))
    talk, _, _ = await conversations.open("webchat", ())
    case = await filing.file(replace(BARBECUE, conversation_id=talk.id), BOT)
    await gaps.note(f"我是{NAME}，我家养鸡归谁管", "webchat", NOTHING, talk.id)
    await gaps.note("别人问养鸡", "webchat", NOTHING, "f" * 32)
    await gaps.gather()
    rated = Rated("dogs", 1, talk.id, 3, "webchat", f"{NAME}问遛狗")
    await Ratings(db, clock).rate(rated, False, f"{NAME}说不对")
    corrections = Corrections(db, clock)
    await corrections.receive(case.case_number, f"{NAME}说写错了", Subject(), "webchat", talk.id)
    assert NAME.encode() in await everything_stored(db)
    await Retention(db, clock, vault).erase_person(PHONE, SYSTEM)
    assert NAME.encode() not in await everything_stored(db)
    assert [(gap.row.title, gap.row.asked) for gap in await gaps.listed()] == [("别人问养鸡", 2)]
    counts, _ = await Ratings(db, clock).of_article("dogs")
    assert counts == {1: (0, 1)}
