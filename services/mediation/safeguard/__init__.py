"""The safeguard lane in mediation: decisions under a safeguard hold or a stay, and their SQL."""
