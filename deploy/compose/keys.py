"""Command of the one-shot container `keys`: selects and checks the county's folder, then runs setup.py, which creates passwords and keys.

The folder named by FENGQIAO_COUNTY (see docker-compose.yml) is mounted at MOUNTED_COUNTY. If the variable is not set, the applied copy is used.
"""

import os
import subprocess
import sys
from pathlib import Path

from deploy.county import applied_copy

SECRETS_FOLDER = Path("/var/lib/fengqiao")  # volume with all secrets and the applied copy of the county; no service process mounts it
MOUNTED_COUNTY = Path("/county")


def choose_county(secrets_folder: Path = SECRETS_FOLDER, mounted_folder: Path = MOUNTED_COUNTY) -> Path:
    """Return the county's folder to apply: the applied copy if it exists and FENGQIAO_COUNTY is not set, otherwise the mounted folder."""
    applied_folder = applied_copy.find_applied_copy(secrets_folder)
    return mounted_folder if applied_folder is None or os.environ.get("FENGQIAO_COUNTY") else applied_folder


def main() -> int:
    county = choose_county()
    environment = os.environ | {"FENGQIAO_COUNTY": str(county)}  # commands run as new OS processes, because a process can load the data of one county only
    for command in (["deploy.county", "check", str(county)], ["deploy.compose.setup", "keys"]):
        if code := subprocess.run([sys.executable, "-m", *command], env=environment, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
