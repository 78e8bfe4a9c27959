#!/usr/bin/env bash
# Checks and measures the CUDA backend on a machine with an NVIDIA GPU, in steps of at most ten minutes:
#   tools/gpu-check.sh [--list] [--dry-run] [--again] [--minutes N] [STEP...]
#   tools/gpu-check.sh --pack FOLDER     what a machine without a network needs, built here
#   tools/gpu-check.sh --rehearse        all that can be tried without a GPU: tiny shapes, the emulation, torch on the CPU
# Steps go from the most important on. One that is done is not done again (--again does), one that fails or runs out of time does not
# stop the others, and one that was cut short goes on where it stopped when it is called again. The last writes
# docs/bench/DATE-GPU.md and .json out of whatever is there; what is missing stands in it as missing.
# --minutes N: all of it ends after N minutes. A step then gets its short limit, and once all had their turn, what time is left.
# Needed: a driver for CUDA 13 and cuBLAS 13 (the toolkit's, or the one that torch brings). Steps that want nvcc, torch, transformers,
# compute-sanitizer or a second GPU are skipped, visibly, where these are missing. A machine that has no network takes a folder of --pack:
#   SEXTANT_GPU_BUILD=FOLDER tools/gpu-check.sh --minutes 14
# SEXTANT_GPU_BUILD (default build/gpu; in a rehearsal build/test) is the build's folder, SEXTANT_GPU_LLAMA (default llama in it) that of
# llama.cpp, SEXTANT_GPU_OUT (default build/gpu-check) has logs, models and figures, SEXTANT_GPU_PAGE (default docs/bench) gets the table.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
build=${SEXTANT_GPU_BUILD:-$root/build/gpu}
out=${SEXTANT_GPU_OUT:-$root/build/gpu-check}
page=${SEXTANT_GPU_PAGE:-$root/docs/bench}
[ ! -d /usr/local/cuda/bin ] || PATH=$PATH:/usr/local/cuda/bin

# name, limit in seconds, limit under --minutes, what it does
steps="
device              60  30  the GPU, its driver, nvcc
build              600 600  build for sm_80 and sm_90, with the tests
kernels            300  90  the kernels' tests
ceilings           120  60  the copy rate and the matrix products' rate that the goals are measured by
backend            600 120  every family against transformers' numbers, a real GGUF against the CPU, the same bits whatever the schedule
together           300  90  models that several GPUs hold together, with the bits of one (two GPUs and NCCL)
models-1.8b        300  90  a model of random weights in the shape of InternLM2 1.8B
ours-1.8b          600 120  speed: G1 to G4
peers-1.8b         600 120  transformers on the same work: G1, G3
invariance-1.8b    300  60  one hash of results for five schedules: G6
accuracy-1.8b      600  90  distances from transformers in float32, flipped choices: G7
kernels-1.8b       300  60  kernels one to one with torch's, the cost of one algorithm for all row counts: G6
quantised-1.8b     300  60  the same speed with 4-bit weights that stay so
models-8b          600 120  a model of random weights in the shape of Llama 3 8B
ours-8b            600 120  speed: G2 to G5
quantised-8b       600  90  the same speed with 4-bit weights that stay so
start-8b           300  60  from the start to the first token: G8
racecheck          600  60  compute-sanitizer: races in shared memory
memcheck           600  60  compute-sanitizer: accesses out of bounds
models-135m        120  30  a model of random weights in the shape of SmolLM2 135M
ours-135m          300  60  speed: G2, G3
invariance-8b      300  60  one hash of results for five schedules: G6
peers-8b           600 120  transformers on the same work
kernels-8b         300  60  kernels one to one with torch's
initcheck          600  60  compute-sanitizer: memory that is read before it is written
synccheck          600  60  compute-sanitizer: barriers
llama-build        600 300  llama.cpp for this GPU, from a folder of --pack or from PyPI
llama-1.8b         600 120  llama.cpp on the same work
llama-8b           600 120  llama.cpp on the same work
table               60  20  docs/bench/DATE-GPU.md
"
names=$(awk 'NF {print $1}' <<<"$steps")
limit_of() { awk -v name="$1" -v n="$2" '$1 == name {print $n}' <<<"$steps"; }  # STEP COLUMN

list=false dry=false again=false rehearse=${SEXTANT_GPU_REHEARSE:-false} budget='' pack_to='' chosen=()
# ---- the steps ----

# What the emulation and the CPU cannot show.
rehearsed() { ! $rehearse || case $1 in device|kernels|backend|together|llama-build|*check) skip "a rehearsal has no GPU" ;; esac; }
skip() { say "skipped: $*"; exit 77; }
need_python() {
  local module
  for module in "$@"; do python3 -c "import $module" 2>/dev/null || skip "python3 has no $module"; done
}
gpu_program() { echo "$build/tests/models/cuda/$1"; }
sanitized() {
  command -v compute-sanitizer >/dev/null || skip "there is no compute-sanitizer"
  compute-sanitizer --tool "$1" --error-exitcode 1 "$(gpu_program test_cuda_kernels_gpu)" -r cases
}
bench() {  # COMMAND [SHAPE]
  local options=(--out "$out/figures" --models "$out/models" --page "$page" --program "$build/root/bin/sextant" --llama "$llama/bin"
    --time-kernels "$(gpu_program time_kernels_gpu)")
  ! ${SEXTANT_GPU_AGAIN:-false} || options+=(--again)
  if $rehearse; then
    options+=(--device cpu --backend cuda_emu --plugin-path "$build/tests/models/cuda" --scale 0.02 --time-kernels
      "$(gpu_program time_kernels)" --shape tiny)
  elif [ -n "${2:-}" ]; then options+=(--shape "$2")
  fi
  python3 "$root/tools/gpu-bench.py" "$1" "${options[@]}"
}

# llama.cpp as llama-cpp-python 0.3.36 carries it; of its source, what the benchmarks are built from (6 MB).
llama_source() {  # ARCHIVE
  local scratch
  scratch=$(mktemp -d)
  python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary llama-cpp-python -d "$scratch" llama-cpp-python==0.3.36 ||
    die "llama-cpp-python 0.3.36 could not be fetched (is there a network or a package mirror?)"
  tar -xzf "$scratch"/*.tar.gz -C "$scratch"
  mkdir -p "${1%/*}"
  (cd "$scratch"/*/vendor/llama.cpp && rm -rf docs models media tests examples tools/server tools/ui benches gguf-py conversion \
    ggml/src/ggml-{vulkan,opencl,sycl,metal,hexagon,cann,webgpu,openvino,virtgpu,zdnn,zendnn,hip,musa,rpc,blas} && tar -czf "$1" .)
  rm -rf "$scratch"
}
build_llama() {
  if [ -x "$llama/bin/llama-bench" ]; then echo "brought along: $llama/bin"; return; fi
  command -v cmake >/dev/null || skip "there is no cmake"
  command -v nvcc >/dev/null || skip "there is no nvcc on the PATH"
  if [ ! -d "$llama/source" ]; then
    [ -f "$llama/source.tar.gz" ] || llama_source "$(realpath -m "$llama")/source.tar.gz"
    mkdir -p "$llama/source.part"
    tar -xzf "$llama/source.tar.gz" -C "$llama/source.part"
    mv "$llama/source.part" "$llama/source"
  fi
  # CMake goes on where a build was cut short
  cmake -S "$llama/source" -B "$llama/build" -DCMAKE_BUILD_TYPE=Release -DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES="$(llama_architecture)" \
    -DGGML_NATIVE=ON -DGGML_CUDA_NCCL=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DBUILD_SHARED_LIBS=OFF
  cmake --build "$llama/build" -j "$jobs" --target llama-bench llama-batched-bench
  mkdir -p "$llama/bin"
  cp "$llama"/build/bin/llama-bench "$llama"/build/bin/llama-batched-bench "$llama/bin"
}
llama_architecture() { nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d . | grep . || echo 90; }

run_step() {
  rehearsed "$1"
  case $1 in
    device) nvidia-smi && { nvcc --version || say "there is no nvcc on the PATH"; } ;;
    build)
      if [ -x "$build/root/bin/sextant" ] && { $rehearse || [ ! -f "$build/build.ninja" ]; }; then echo "brought along: $build"; return; fi
      "$root/tools/setup.sh" --build && build_core "$build" -Dcuda=enabled -Dtests=true ;;
    ceilings) need_python torch transformers; bench ceilings ;;
    kernels) "$(gpu_program test_cuda_kernels_gpu)" -r cases ;;
    backend)
      export SEXTANT_GOLDEN_DIR=$root/tests/golden  # the build may come from elsewhere
      # a machine without a network must not wait for one
      SEXTANT_TEST_MODEL=${SEXTANT_TEST_MODEL:-$(PIP_RETRIES=0 PIP_DEFAULT_TIMEOUT=5 fetch_model || true)}
      [ -n "$SEXTANT_TEST_MODEL" ] || say "backend: without the real GGUF"
      export SEXTANT_TEST_MODEL
      "$(gpu_program test_cuda_device_gpu)" '~[together]' -r cases ;;
    together)
      [ "$(nvidia-smi --list-gpus | wc -l)" -ge 2 ] || skip "one GPU is here, and two are needed"
      SEXTANT_GOLDEN_DIR=$root/tests/golden "$(gpu_program test_cuda_device_gpu)" '[together]' -r cases ;;
    memcheck|racecheck|initcheck|synccheck) sanitized "$1" ;;
    models-*) $rehearse || need_python torch; bench models "${1#*-}" ;;
    peers-*|accuracy-*) need_python torch transformers; bench "${1%%-*}" "${1#*-}" ;;
    llama-build) build_llama ;;
    llama-*)
      [ -x "$llama/bin/llama-bench" ] || skip "llama.cpp is not built"
      bench llama "${1#*-}" ;;
    ours-*|quantised-*|invariance-*|kernels-*|start-*) bench "${1%%-*}" "${1#*-}" ;;
    table) bench table ;;
  esac
}

# ---- what a machine without a network gets ----

# Programs, plugins and the shared libraries that they need and that are neither the C library's nor the GPU's, without symbols.
pack() {
  local to=$1 file
  [ -x "$build/root/bin/sextant" ] || die "$build has no build yet; tools/gpu-check.sh build makes one (it needs no GPU, only nvcc)"
  mkdir -p "$to/tests/models/cuda" "$to/libraries"
  cp -r "$build/root" "$to"
  for file in test_cuda_kernels_gpu test_cuda_device_gpu time_kernels_gpu; do cp "$(gpu_program $file)" "$to/tests/models/cuda"; done
  find "$to/root" "$to/tests" -type f \( -perm -u+x -o -name '*.so' \) -exec ldd {} + 2>/dev/null |
    awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
    grep -v -E '/(libc|libm|libdl|librt|libpthread|ld-linux[^/]*|libcuda|libcublas[^/]*)\.so' | xargs -r cp -L -t "$to/libraries"
  # the plugins' manifests hold their hashes: only programs and libraries lose their symbols
  find "$to/tests" "$to/libraries" "$to/root/bin" -type f -exec strip --strip-unneeded {} + 2>/dev/null || true
  if [ -x "$llama/bin/llama-bench" ]; then mkdir -p "$to/llama"; cp -r "$llama/bin" "$to/llama"
  elif [ ! -f "$to/llama/source.tar.gz" ]; then (llama_source "$(realpath "$to")/llama/source.tar.gz") || say "packed without llama.cpp"
  fi
  say "packed $(du -sh "$to" | cut -f 1) into $to; there: SEXTANT_GPU_BUILD=$to tools/gpu-check.sh --minutes N"
}

# ---- which steps, and for how long ----

seconds_of() { [[ $1 =~ ^[0-9]+(\.[0-9]+)?$ ]] && awk -v n="$1" 'BEGIN {print int(60 * n)}'; }
while [ $# -gt 0 ]; do
  case $1 in
    --list) list=true ;;
    --dry-run) dry=true ;;
    --again) again=true ;;
    --rehearse) rehearse=true ;;
    --minutes)
      budget=$(seconds_of "${2:-}") || { say "--minutes wants a number, not '${2:-}'"; exit 64; }
      shift ;;
    --pack) [ -n "${2:-}" ] || { say "--pack wants a folder"; exit 64; }; pack_to=$2; shift ;;
    --help) sed -n '2,/^\. /{/^\. /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit ;;
    -*) say "there is no option $1; --help says which there are"; exit 64 ;;
    *) grep -qx -- "$1" <<<"$names" || { say "there is no step $1; there are: ${names//$'\n'/ }"; exit 64; }; chosen+=("$1") ;;
  esac
  shift
done
[ -z "$pack_to" ] || { pack "$pack_to"; exit; }
if $list; then sed '/^$/d' <<<"$steps"; exit; fi
[ ${#chosen[@]} -gt 0 ] || mapfile -t chosen <<<"$names"
if $rehearse; then
  out=$out/rehearsal page=$out
  [ -n "${SEXTANT_GPU_BUILD:-}" ] || build=$root/build/test
fi
llama=${SEXTANT_GPU_LLAMA:-$build/llama}

is_done() { [ "$1" != table ] && [ -f "$out/$1.done" ] && ! $again; }
if $dry; then
  for step in "${chosen[@]}"; do
    if is_done "$step"; then echo "$step: done before"
    else echo "$step: would run, at most $(limit_of "$step" "$([ -n "$budget" ] && echo 3 || echo 2)") s"
    fi
  done
  exit
fi
if ! $rehearse && ! nvidia-smi >/dev/null 2>&1; then
  say "error: there is no NVIDIA GPU with a driver here (nvidia-smi finds none); this check needs one"
  exit 69
fi

# What was packed, cuBLAS and NCCL: the toolkit's, or those that torch brings.
library_path() {
  local path="" folder
  for folder in "$build/libraries" /usr/local/cuda/lib64 $(python3 - <<'PY'
import glob, sysconfig
print(*{f.rsplit("/", 1)[0] for f in glob.glob(sysconfig.get_path("purelib") + "/nvidia/*/lib/lib[cn]*.so.*") if "libcublasLt.so.13" in f or "libnccl.so.2" in f})
PY
  ); do [ ! -d "$folder" ] || path+=${path:+:}$folder; done
  echo "$path${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}

# A limit needs a process of its own: this script calls itself.
if [ -n "${SEXTANT_GPU_STEP:-}" ]; then run_step "${chosen[0]}"; exit; fi
mkdir -p "$out"
LD_LIBRARY_PATH=$(library_path)
export LD_LIBRARY_PATH
declare -A verdict=()
attempt() {  # STEP SECONDS
  local step=$1 limit=$2 begin=$SECONDS status=0
  rm -f "$out/$step.done"
  SEXTANT_GPU_STEP=1 SEXTANT_GPU_AGAIN=$again SEXTANT_GPU_REHEARSE=$rehearse SEXTANT_GPU_BUILD=$build SEXTANT_GPU_OUT=${out%/rehearsal} \
    timeout --kill-after=10 "$limit" "${BASH_SOURCE[0]}" "$step" >"$out/$step.log" 2>&1 || status=$?
  case $status in
    0) verdict[$step]=ok; touch "$out/$step.done"; say "$step: ok ($((SECONDS - begin)) s)" ;;
    77) verdict[$step]=skipped; say "$step: $(tail -n 1 "$out/$step.log")" ;;
    124|137) verdict[$step]=short; say "$step: not done in $limit s; call it again to go on ($out/$step.log)" ;;
    *) verdict[$step]=failed; say "$step: failed ($out/$step.log):"; tail -n 5 "$out/$step.log" | cut -c 1-300 >&2 ;;
  esac
}
run_all() {  # COLUMN STEP...
  local column=$1 step limit left
  shift
  for step in "$@"; do
    limit=$(limit_of "$step" "$column")
    if is_done "$step"; then say "$step: done before"; continue; fi
    if [ -n "$budget" ] && [ "$step" != table ]; then
      left=$((budget - SECONDS - 25))  # the table and a step's last breath take some
      if ((left < 10)); then verdict[$step]=short; say "$step: no time is left for it"; continue; fi
      limit=$((left < limit ? left : limit))
    fi
    attempt "$step" "$limit"
  done
}
cut_short() { for step in "${chosen[@]}"; do [ "${verdict[$step]:-}" != short ] || echo "$step"; done; }
if [ -n "$budget" ]; then
  mapfile -t measured < <(printf '%s\n' "${chosen[@]}" | grep -vx table || true)
  run_all 3 ${measured[@]+"${measured[@]}"}
  mapfile -t measured < <(cut_short)
  again=false
  run_all 2 ${measured[@]+"${measured[@]}"}
  if printf '%s\n' "${chosen[@]}" | grep -qx table; then run_all 3 table; fi
else
  run_all 2 "${chosen[@]}"
fi
[ ! -f "$out/table.log" ] || cat "$out/table.log"
for step in "${chosen[@]}"; do case ${verdict[$step]:-} in short|failed) exit 1 ;; esac; done
