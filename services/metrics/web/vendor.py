"""Downloads the browser libraries in fixed versions, with their licences: `python -m services.metrics.web.vendor`.

Requires npm, which checks each package against the integrity value of the npm registry. The downloaded files are committed, so that Node is
needed only to update them.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR_FOLDER = Path(__file__).parent / "static/vendor"
# fmt: off
PACKAGES = (
    # package      version   licence       file in the package: file name in static/vendor
    ("htmx.org",  "2.0.11", "0BSD",       {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"}),
    ("echarts",   "6.1.0",  "Apache-2.0", {"dist/echarts.common.min.js": "echarts.common.min.js", "LICENSE": "echarts.LICENSE", "NOTICE": "echarts.NOTICE"}),
)
# fmt: on


def download_libraries():
    """Download the packages with npm, copy the needed files to static/vendor, and write manifest.json with version, licence and hashes of each file."""
    VENDOR_FOLDER.mkdir(parents=True, exist_ok=True)
    manifest = {}
    with tempfile.TemporaryDirectory() as folder:
        for package, version, licence, files in PACKAGES:
            packed = json.loads(subprocess.run(["npm", "pack", f"{package}@{version}", "--json"], cwd=folder, check=True, capture_output=True).stdout)[0]
            with tarfile.open(Path(folder) / packed["filename"]) as archive:
                archive.extractall(Path(folder) / package, filter="data")
            for source, target in files.items():
                shutil.copyfile(Path(folder) / package / "package" / source, VENDOR_FOLDER / target)
                manifest[target] = {
                    "package": package, "version": version, "licence": licence, "path": source, "integrity": packed["integrity"], "sha384": integrity_hash(VENDOR_FOLDER / target)
                }  # fmt: skip
    (VENDOR_FOLDER / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")


def integrity_hash(file: Path) -> str:
    """Return the SHA-384 hash of a file in the format of the HTML attribute `integrity`."""
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def load_integrity_hashes() -> dict[str, str]:
    """Return the integrity hashes in manifest.json, by file name."""
    return {file: entry["sha384"] for file, entry in json.loads((VENDOR_FOLDER / "manifest.json").read_text()).items()}


if __name__ == "__main__":
    download_libraries()
