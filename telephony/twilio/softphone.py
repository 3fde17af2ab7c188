"""The telephone in an operator's browser: her name at Twilio, and the token that admits her page."""

from __future__ import annotations

from urllib.parse import urlencode

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from hotline.settings import Settings

TOKEN_SECONDS = 3600


def identity_of(operator_id: str) -> str:
    """Her name at Twilio, which takes letters, digits and underscores only."""
    return "operator_" + "".join(each if each.isalnum() else "_" for each in operator_id)


def address_of(operator_id: str, call_id: str) -> str:
    """Where her browser is rung; the page is told for which call."""
    return f"client:{identity_of(operator_id)}?{urlencode({'call': call_id})}"


def make_token(settings: Settings, operator_id: str) -> str:
    """A token for an hour with which her page takes calls and can make none."""
    token = AccessToken(
        settings.twilio_account_sid,
        settings.twilio_api_key,
        settings.twilio_api_secret,
        identity=identity_of(operator_id),
        ttl=TOKEN_SECONDS,
        grants=[VoiceGrant(incoming_allow=True)],
    )
    return str(token.to_jwt())
