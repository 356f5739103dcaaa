#!/bin/sh
# Assembles a CPU-only libtorch 2.4.0 for the feature `rust-bert`:
#
#   scripts/libtorch.sh [FOLDER]      the folder is target/libtorch where none is given
#
# Takes headers and three libraries out of the Python package torch (797 MB, deleted afterwards;
# 540 MB stay) and prints the settings of the environment that a build needs. Needs Python 3 with
# pip, a C compiler, Linux on x86_64. The package and every library are compared with pinned
# hashes; a second run finds the folder complete and only says so. Nothing here is needed to build
# or run Guidepost without that feature.
set -eu

version=2.4.0
package_sha256=e743adadd8c8152bb8373543964551a7cb7cc20ba898dc8f9c0cdbe47c283de0
libraries="\
c1d237422ff0f010bddf58193a62c68b200123a24e1ee53b40166f609f19ca92  libtorch_cpu.so
ff4eddb5dec320702e7cf1a35af3a83cf2fcce29c68e4bfeeb0e0bfd48724041  libc10.so
9eb01021bb58ec36925daeb5a56606bfab558332eb5f5119e990e4c208ed2581  libgomp-a34b3233.so.1"

# What libtorch_cpu.so wants of CUDA's profiler. The CPU never calls it: functions that say "no
# device" stand in, and nothing of CUDA is downloaded.
cudart='cudaDriverGetVersion cudaGetDeviceCount cudaGetDeviceProperties_v2 cudaGetErrorString
cudaRuntimeGetVersion'
cupti='cuptiActivityDisable cuptiActivityEnable cuptiActivityFlushAll cuptiActivityGetNextRecord
cuptiActivityGetNumDroppedRecords cuptiActivityPopExternalCorrelationId
cuptiActivityPushExternalCorrelationId cuptiActivityRegisterCallbacks cuptiActivitySetAttribute
cuptiEnableCallback cuptiEnableDomain cuptiEventGetAttribute cuptiEventGetIdFromName
cuptiEventGroupGetAttribute cuptiEventGroupReadEvent cuptiEventGroupSetAttribute
cuptiEventGroupSetDisable cuptiEventGroupSetEnable cuptiEventGroupSetsCreate
cuptiEventGroupSetsDestroy cuptiFinalize cuptiGetDeviceId cuptiGetResultString cuptiGetVersion
cuptiMetricEnumEvents cuptiMetricGetAttribute cuptiMetricGetIdFromName cuptiMetricGetNumEvents
cuptiMetricGetValue cuptiSetEventCollectionMode cuptiSubscribe cuptiUnsubscribe'

say() { printf '%s\n' "$*" >&2; }
refuse() {
    say "$*"
    exit 1
}

[ "$(uname -sm)" = 'Linux x86_64' ] || refuse "only Linux on x86_64 is supported, this is $(uname -sm)"

cd "$(dirname "$0")/.."
folder=${1:-target/libtorch}
mkdir -p "$(dirname "$folder")"
folder=$(cd "$(dirname "$folder")" && pwd)/$(basename "$folder")

# The version is written last, so a folder that has one is complete.
is_complete() {
    [ "$(cat "$folder/build-version" 2>/dev/null)" = "$version" ] || return 1
    (cd "$folder/lib" && printf '%s\n' "$libraries" | sha256sum --check --status)
}

# FILE FUNCTION...: a library whose functions do nothing, under the symbol version of its name.
stand_in() {
    file=$1
    shift
    for function in "$@"; do
        case $function in
        *GetErrorString) echo "const char *$function(int e) { return \"no CUDA here\"; }" ;;
        *) echo "int $function(void) { return 100; }" ;;
        esac
    done >"$work/stand-in.c"
    echo "$file { global: *; };" >"$work/stand-in.map"
    "${CC:-cc}" -shared -fPIC -w -Wl,-soname,"$file" -Wl,--version-script="$work/stand-in.map" \
        -o "$tree/lib/$file" "$work/stand-in.c"
}

assemble() {
    work=$(mktemp -d "$folder.partial.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    tree=$work/libtorch
    mkdir -p "$tree/lib"

    say "downloading torch $version (797 MB)"
    echo "torch==$version --hash=sha256:$package_sha256" >"$work/package.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps \
        --only-binary :all: --python-version 3.11 --platform manylinux1_x86_64 \
        --require-hashes --requirement "$work/package.txt" --dest "$work"

    # Never libtorch.so itself: the package's own draws in libtorch_cuda.so.
    python3 - "$work" "$tree" <<'PYTHON'
import pathlib, shutil, sys, zipfile

work, tree = map(pathlib.Path, sys.argv[1:3])
kept = ("libtorch_cpu.so", "libc10.so", "libgomp-a34b3233.so.1")
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        wanted = name.startswith("torch/include/") or name in [f"torch/lib/{k}" for k in kept]
        if wanted and not name.endswith("/"):
            place = tree / name.removeprefix("torch/")
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, open(place, "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
wheel.unlink()
PYTHON
    (cd "$tree/lib" && printf '%s\n' "$libraries" | sha256sum --check --quiet) ||
        refuse 'a library is not the pinned one'

    ln -s libtorch_cpu.so "$tree/lib/libtorch.so"
    # shellcheck disable=SC2086
    stand_in libcudart.so.12 $cudart
    # shellcheck disable=SC2086
    stand_in libcupti.so.12 $cupti
    echo "$version" >"$tree/build-version"

    rm -rf "$folder"
    mv "$tree" "$folder"
}

if is_complete; then
    say "$folder is complete"
elif [ -e "$folder" ] && [ ! -f "$folder/build-version" ]; then
    refuse "$folder exists and is no libtorch; name another folder or remove it"
else
    assemble
    say "$folder is ready"
fi
printf 'export LIBTORCH=%s\n' "$folder"
printf 'export LIBTORCH_CXX11_ABI=0\n'
