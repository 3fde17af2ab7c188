"""How residents call: calls, speech. Not built yet; see the changelog."""
