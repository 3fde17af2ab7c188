"""How residents call: the call model, Twilio's doors, speech, and what becomes of every call."""
