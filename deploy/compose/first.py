"""What the one-shot container `keys` runs: `python -m deploy.compose.first`. Chooses the county's folder, checks it, and makes keys and shares.

FENGQIAO_COUNTY, as docker-compose was given it, names the folder, which is mounted at MOUNTED. A command that was not given it, such as
`docker-compose run`, keeps the copy that was applied.
"""

import os
import subprocess
import sys
from pathlib import Path

from deploy.county import applied

KEPT = Path("/var/lib/fengqiao")  # a volume that no process mounts: all secrets, and the applied copy
MOUNTED = Path("/county")


def chosen(kept: Path = KEPT, mounted: Path = MOUNTED) -> Path:
    """Return the folder to apply."""
    copy = applied.applied(kept)
    return mounted if copy is None or os.environ.get("FENGQIAO_COUNTY") else copy


def main() -> int:
    county = chosen()
    environment = os.environ | {"FENGQIAO_COUNTY": str(county)}  # each reads the contract once, for the county that it is started with
    for command in (["deploy.county", "check", str(county)], ["deploy.compose.setup", "keys"]):
        if code := subprocess.run([sys.executable, "-m", *command], env=environment, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
