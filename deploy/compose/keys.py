"""Command of the one-shot container `keys`: selects the county's folder, checks it, and runs setup.py, which creates the keys and shares.

FENGQIAO_COUNTY is set in docker-compose.yml; its folder is mounted at MOUNTED_COUNTY. If it is not set, the applied copy is used.
"""

import os
import subprocess
import sys
from pathlib import Path

from deploy.county import applied_copy

SECRETS_FOLDER = Path("/var/lib/fengqiao")  # volume that no service process mounts: all secrets, and the applied copy of the county
MOUNTED_COUNTY = Path("/county")


def choose_county(secrets_folder: Path = SECRETS_FOLDER, mounted: Path = MOUNTED_COUNTY) -> Path:
    """Return the county's folder to apply: the mounted one, or the applied copy if FENGQIAO_COUNTY is not set and a copy exists."""
    copy = applied_copy.find_applied_copy(secrets_folder)
    return mounted if copy is None or os.environ.get("FENGQIAO_COUNTY") else copy


def main() -> int:
    county = choose_county()
    environment = os.environ | {"FENGQIAO_COUNTY": str(county)}  # each command is a new process, because the contract is loaded once, for one county
    for command in (["deploy.county", "check", str(county)], ["deploy.compose.setup", "keys"]):
        if code := subprocess.run([sys.executable, "-m", *command], env=environment, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
