"""The county that this installation serves, read once from the folder that FENGQIAO_COUNTY names (counties/ganzhou if it is not set).

An invalid folder stops the process: every mistake is printed, in Chinese and English.
"""

import os
import sys
from pathlib import Path

from contracts.county.files import read
from contracts.county.model import Agency, County
from contracts.county.roles import ROLES

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT = "counties/ganzhou"


def folder() -> Path:
    """Return the county's folder. A relative path is one below the checkout."""
    return CHECKOUT / (os.environ.get("FENGQIAO_COUNTY") or DEFAULT)


def _load() -> County:
    county, errors = read(folder())
    if errors:
        for error in errors:
            print(error, file=sys.stderr)
        raise SystemExit(f"县级配置有{len(errors)}处错误，未启动 | {len(errors)} mistakes in {folder()}; nothing was started")
    return county


COUNTY = _load()
AGENCIES = COUNTY.agencies
TOWNSHIPS = COUNTY.townships

__all__ = ["AGENCIES", "COUNTY", "ROLES", "TOWNSHIPS", "Agency", "County"]
