"""The usual course of a dispute, as tests, drills and benchmarks lead it: what agencies report at each step, and in which order. Pure."""
