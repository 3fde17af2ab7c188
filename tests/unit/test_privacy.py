"""Personal data: sealed, found again without being stored, and covered when shown."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.privacy import Vault, mask_phone, mask_text

VAULT = Vault("tests only, not a secret: " + "x" * 20)
OTHER = Vault("tests only, another one: " + "y" * 20)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
ID_CARDS = st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True)
WORDS = st.text(st.sampled_from("我的电话是，请回拨。a b："), max_size=12)


@given(TEXTS)
def test_what_is_locked_is_unlocked_again(text: str) -> None:
    sealed = VAULT.lock(text)
    assert sealed.isascii()
    assert VAULT.unlock(sealed) == text


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    sealed = {VAULT.lock("13800138000") for _ in range(50)}
    assert len(sealed) == 50
    assert not any("138" in base64.b64decode(text).decode("latin-1") for text in list(sealed)[:3])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(ValueError, match="another key"):
        OTHER.unlock(VAULT.lock("13800138000"))


@given(st.data())
def test_an_altered_seal_is_refused(data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(VAULT.lock("13800138000")))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="altered"):
        VAULT.unlock(base64.b64encode(raw).decode())


@pytest.mark.parametrize(
    "sealed", ["", "AAAA", "not base64!", base64.b64encode(b"x" * 40).decode()]
)
def test_rubbish_is_refused(sealed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        VAULT.unlock(sealed)


def test_a_blind_index_finds_equal_texts_and_tells_nothing() -> None:
    assert VAULT.blind("13800138000") == VAULT.blind("13800138000")
    assert VAULT.blind("13800138000") != VAULT.blind("13800138001")
    assert VAULT.blind("13800138000") != OTHER.blind("13800138000")
    assert "138" not in VAULT.blind("13800138000")[:3]


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = [VAULT.derive(purpose) for purpose in ("field encryption", "blind index", "console")]
    assert {len(key) for key in keys} == {32}
    assert len(set(keys)) == 3
    assert VAULT.derive("console") == keys[2]
    assert OTHER.derive("console") != keys[2]


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812345678", "138****5678"),
        ("01012345678", "010****5678"),
        ("010-12345678", "01********78"),
        ("88888888", "88****88"),
        ("12345", "12**45"),
        ("1234", "****"),
        ("", "****"),
    ],
)
def test_a_phone_is_shown_covered(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@given(st.from_regex(r"[0-9]{7,12}", fullmatch=True))
def test_at_least_four_digits_of_a_phone_are_covered_or_two_of_a_short_one(phone: str) -> None:
    shown = mask_phone(phone)
    assert phone not in shown
    assert shown.count("*") >= min(4, len(phone) - 4)


@given(before=WORDS, phone=MOBILES, after=WORDS)
def test_no_mobile_number_stays_in_a_masked_text(before: str, phone: str, after: str) -> None:
    masked = mask_text(f"{before}{phone}{after}")
    assert phone not in masked
    assert masked == f"{before}{phone[:3]}****{phone[-4:]}{after}"


@given(before=WORDS, card=ID_CARDS, after=WORDS)
def test_no_identity_card_number_stays_in_a_masked_text(before: str, card: str, after: str) -> None:
    masked = mask_text(f"{before}{card}{after}")
    assert card not in masked
    assert card[6:14] not in masked.replace(card[:6], "", 1)


@pytest.mark.parametrize("phone", ["138 1234 5678", "138-1234-5678", "138 12345678"])
def test_a_spaced_mobile_number_is_covered(phone: str) -> None:
    assert "1234" not in mask_text(f"电话{phone}。")


@pytest.mark.parametrize(
    "phone", ["+8613812345678", "8613812345678", "013812345678", "１３８１２３４５６７８"]
)
def test_a_mobile_number_in_another_dress_is_covered(phone: str) -> None:
    assert phone not in mask_text(f"电话{phone}。")


@pytest.mark.parametrize(
    "text", ["工单号 2026112200001", "2026年11月22日", "门牌 27 号，3 单元 502", "12345", ""]
)
def test_other_numbers_stay_readable(text: str) -> None:
    assert mask_text(text) == text
