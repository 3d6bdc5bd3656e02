"""Typical steps and facts of a dispute, shared by tests, drills and benchmarks. No I/O."""
