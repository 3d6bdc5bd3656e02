"""Benchmarks: each figure is compared with a lower bound ("floor") measured in the same run. `python -m bench [--quick]` writes .run/bench.json."""

import warnings

warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
