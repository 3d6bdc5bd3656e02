"""The safeguard lane: what is decided under a hold, and its SQL."""
