"""Messaging shared by the services: consumers, one transaction per batch, outbox, relay, telemetry. Contains no rules about disputes."""
