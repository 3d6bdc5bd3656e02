"""Demonstration: simulated agencies report invented disputes through the same interfaces as real agencies."""
