"""The county that this installation serves, read once from the folder in FENGQIAO_COUNTY (default: counties/ganzhou).

If a file of the folder is invalid, all mistakes are printed in Chinese and English, and the program exits.
"""

import os
import sys
from pathlib import Path

from contracts.county.files import read_county
from contracts.county.model import Agency, County
from contracts.county.roles import ROLES

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = "counties/ganzhou"


def county_folder() -> Path:
    """Return the path of the county's folder. A relative path in FENGQIAO_COUNTY starts at the root of the repository."""
    return REPOSITORY / (os.environ.get("FENGQIAO_COUNTY") or DEFAULT_FOLDER)


def _load_county() -> County:
    county, errors = read_county(county_folder())
    if errors:
        for error in errors:
            print(error, file=sys.stderr)
        raise SystemExit(f"县级配置有{len(errors)}处错误，程序未启动 | {len(errors)} mistakes in {county_folder()}; the process does not start")
    return county


COUNTY = _load_county()
AGENCIES = COUNTY.agencies
TOWNSHIPS = COUNTY.townships

__all__ = ["AGENCIES", "COUNTY", "ROLES", "TOWNSHIPS", "Agency", "County"]
