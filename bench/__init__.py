"""Benchmarks of throughput, delays and memory. Each throughput is compared with a program that does only the unavoidable work ("floor"), in the same run.

`python -m bench [--quick]` writes the results to .run/bench.json.
"""

import warnings

warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
