"""Whom a dispute may be sent to: a table that a county edits, the proposal that follows from it, and what would have come of another table."""
