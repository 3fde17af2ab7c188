"""Thin Rasa adapters around bot.language; the only package that imports rasa."""
