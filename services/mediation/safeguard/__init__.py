"""Safeguard lane of the mediation service (events that only police, courts and women's federation see): decisions under a safeguard hold or stay."""
