"""Download of the browser libraries in fixed versions, with their licences: `python -m services.metrics.web.vendor`.

Needs npm, which checks each package against the registry's integrity value. The files are committed, so that Node is needed for an update only.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent / "static/vendor"
# fmt: off
PACKAGES = (
    # package      version   licence       files
    ("htmx.org",  "2.0.11", "0BSD",       {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"}),
    ("echarts",   "6.1.0",  "Apache-2.0", {"dist/echarts.common.min.js": "echarts.common.min.js", "LICENSE": "echarts.LICENSE", "NOTICE": "echarts.NOTICE"}),
)
# fmt: on


def fetch():
    """Download the packages with npm, copy the needed files, and write manifest.json with version, licence and hashes of each file."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    manifest = {}
    with tempfile.TemporaryDirectory() as folder:
        for package, version, licence, files in PACKAGES:
            packed = json.loads(subprocess.run(["npm", "pack", f"{package}@{version}", "--json"], cwd=folder, check=True, capture_output=True).stdout)[0]
            with tarfile.open(Path(folder) / packed["filename"]) as archive:
                archive.extractall(Path(folder) / package, filter="data")
            for source, target in files.items():
                shutil.copyfile(Path(folder) / package / "package" / source, VENDOR / target)
                manifest[target] = {
                    "package": package, "version": version, "licence": licence, "path": source, "integrity": packed["integrity"], "sha384": sha384(VENDOR / target)
                }  # fmt: skip
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")


def sha384(file: Path) -> str:
    """Return the hash of a file in the form of the HTML attribute `integrity`."""
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def integrity() -> dict[str, str]:
    """Return the hashes recorded in manifest.json, by file name."""
    return {file: entry["sha384"] for file, entry in json.loads((VENDOR / "manifest.json").read_text()).items()}


if __name__ == "__main__":
    fetch()
