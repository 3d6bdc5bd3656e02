"""How it is said: hearing in batches, one transaction with an outbox, the relay, telemetry. Knows no dispute."""
