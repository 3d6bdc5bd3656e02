"""Writes the contract down for people and machines outside: JSON Schemas, AsyncAPI, a catalogue. Knows `contracts`, nothing that runs."""
