"""The demonstration: simulated agencies report made-up disputes through the same interfaces as real agencies."""
