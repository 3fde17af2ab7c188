"""Twilio's doors: webhooks, ConversationRelay, REST."""
