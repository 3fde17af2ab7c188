"""Every table of the product in one place, for migrations and for tests."""

from __future__ import annotations

import cases.call_backs_store
import cases.clock_store
import cases.followers_store
import cases.nearby_store
import cases.photo_store
import cases.reminder_store
import cases.statistics_store
import cases.store
import cases.unit_store
import channels.tencent.store
import console.store
import conversations.store
import hotline.api_keys
import hotline.audit
import hotline.open_data
import kb.draft_store
import kb.gap_store
import kb.place_store
import kb.reminder_store
import kb.store
import kb.trial_store
import kb.voice_store
import telephony.store
from hotline.db import Base

TABLE_MODULES = (
    cases.call_backs_store,
    cases.followers_store,
    cases.nearby_store,
    cases.clock_store,
    cases.photo_store,
    cases.reminder_store,
    cases.statistics_store,
    cases.store,
    cases.unit_store,
    channels.tencent.store,
    console.store,
    conversations.store,
    hotline.api_keys,
    hotline.audit,
    hotline.open_data,
    kb.draft_store,
    kb.gap_store,
    kb.place_store,
    kb.reminder_store,
    kb.store,
    kb.trial_store,
    kb.voice_store,
    telephony.store,
)
METADATA = Base.metadata
