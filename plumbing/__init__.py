"""Messaging code that all services use: consumers, one transaction per batch, inbox, outbox, relay, telemetry. Contains no rules about disputes."""
