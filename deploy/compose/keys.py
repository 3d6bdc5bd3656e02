"""The command of the one-shot container `keys`: chooses the county's folder, checks it, and has setup.py make the keys and each container's share.

FENGQIAO_COUNTY is the setting of docker-compose; the folder that it names is mounted at MOUNTED. If it is not set, the copy that was applied is used.
"""

import os
import subprocess
import sys
from pathlib import Path

from deploy.county import applied

KEPT = Path("/var/lib/fengqiao")  # a volume that no process mounts: all secrets, and the applied copy
MOUNTED = Path("/county")


def chosen(kept: Path = KEPT, mounted: Path = MOUNTED) -> Path:
    """Return the county's folder to apply: the mounted one, or the copy that was applied if FENGQIAO_COUNTY is not set."""
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
