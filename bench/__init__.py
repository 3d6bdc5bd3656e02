"""How fast, against what: every figure stands beside a floor measured in the same run. `python -m bench [--quick]` writes .run/bench.json."""

import warnings

warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
