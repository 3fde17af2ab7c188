"""Who is talking: messages, the holder (bot, queue, operator), relay, inbox and outbox."""
