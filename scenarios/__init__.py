"""Typical steps and facts of a dispute, shared by tests, drills and benchmarks. The package does no I/O."""
