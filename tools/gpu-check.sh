#!/usr/bin/env bash
# Checks and measures the CUDA backend on a machine with an NVIDIA GPU, in steps of at most ten minutes:
#   tools/gpu-check.sh [--list] [--dry-run] [--again] [STEP...]
# A step that is done is not done again (--again does), one that fails or runs out of time does not stop the others, and one that was cut
# short goes on where it stopped when it is called again. The last step writes docs/bench/DATE-GPU.md and .json.
# Needed: a driver for CUDA 13, nvcc, torch and transformers; compute-sanitizer for its steps. What is built can be brought along from
# another machine, to the same path: SEXTANT_GPU_BUILD (default build/gpu) names the build's folder, and --pack puts the libraries that
# it needs into it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
build=${SEXTANT_GPU_BUILD:-$root/build/gpu}
out=${SEXTANT_GPU_OUT:-$root/build/gpu-check}
bench=(python3 "$root/tools/gpu-bench.py" --out "$out/figures" --models "$out/models" --program "$build/root/bin/sextant")

# name, limit in seconds, what it does
steps="
device        60  the GPU, its driver, nvcc
build        600  build for sm_80 and sm_90, with the tests
ceilings     120  the copy rate and the matrix products' rate that the goals are measured by
kernels      300  the kernels' tests
backend      600  every family against transformers' numbers, a real GGUF against the CPU, the same bits whatever the schedule
memcheck     600  compute-sanitizer: accesses out of bounds
racecheck    600  compute-sanitizer: races in shared memory
initcheck    600  compute-sanitizer: memory that is read before it is written
synccheck    600  compute-sanitizer: barriers
models       600  models of random weights in the shapes of SmolLM2 135M, InternLM2 1.8B and Llama 3 8B
invariance   600  one hash of results for five schedules
accuracy     600  distances from transformers in float32
ours-135m    600  speed
ours-1.8b    600  speed
ours-8b      600  speed
peers-1.8b   600  transformers on the same work
peers-8b     600  transformers on the same work
table         60  docs/bench/DATE-GPU.md
"
names=$(awk 'NF {print $1}' <<<"$steps")
limit_of() { awk -v name="$1" '$1 == name {print $2}' <<<"$steps"; }

sanitized() { compute-sanitizer --tool "$1" --error-exitcode 1 "$build/tests/models/cuda/test_cuda_kernels_gpu" -r cases; }
per_shape() {  # COMMAND SHAPE...
  local command=$1 shape status=0
  shift
  for shape in "$@"; do "${bench[@]}" "$command" --shape "$shape" || status=1; done
  return $status
}
run_step() {
  case $1 in
    device) nvidia-smi && nvcc --version ;;
    build)
      if [ -x "$build/root/bin/sextant" ] && [ ! -f "$build/build.ninja" ]; then echo "brought along: $build"; return; fi
      "$root/tools/setup.sh" --build && build_core "$build" -Dcuda=enabled -Dtests=true ;;
    ceilings) "${bench[@]}" ceilings ;;
    kernels) "$build/tests/models/cuda/test_cuda_kernels_gpu" -r cases ;;
    backend) SEXTANT_TEST_MODEL=${SEXTANT_TEST_MODEL:-$(fetch_model || true)} "$build/tests/models/cuda/test_cuda_device_gpu" -r cases ;;
    memcheck|racecheck|initcheck|synccheck) sanitized "$1" ;;
    models) per_shape models 135m 1.8b 8b ;;
    invariance) per_shape invariance 1.8b 8b ;;
    accuracy) per_shape accuracy 1.8b ;;
    ours-*|peers-*) per_shape "${1%%-*}" "${1#*-}" ;;
    table) "${bench[@]}" table ;;
  esac
}

# The shared libraries of the built programs and plugins that are not the C library's, for a machine that lacks them.
pack() {
  mkdir -p "$build/libraries"
  find "$build/root" "$build"/tests/models/cuda/test_cuda_*_gpu -type f \( -perm -u+x -o -name '*.so' \) -exec ldd {} + 2>/dev/null |
    awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
    grep -v -E '/(libc|libm|libdl|librt|libpthread|ld-linux[^/]*|libcuda|libcublas[^/]*)\.so' | xargs -r cp -L -t "$build/libraries"
  say "packed: carry $build/root, $build/libraries and $build/tests/models/cuda/test_cuda_*_gpu"
}

list=false dry=false again=false chosen=()
for argument in "$@"; do
  case $argument in
    --list) list=true ;;
    --dry-run) dry=true ;;
    --again) again=true ;;
    --pack) pack; exit ;;
    -*) say "there is no option $argument"; exit 64 ;;
    *) grep -qx -- "$argument" <<<"$names" || { say "there is no step $argument; there are:" $names; exit 64; }; chosen+=("$argument") ;;
  esac
done
if $list; then sed '/^$/d' <<<"$steps"; exit; fi
[ ${#chosen[@]} -gt 0 ] || mapfile -t chosen <<<"$names"
if $dry; then
  for step in "${chosen[@]}"; do
    if [ -f "$out/$step.done" ] && ! $again; then echo "$step: done before"; else echo "$step: would run, at most $(limit_of "$step") s"; fi
  done
  exit
fi
if ! nvidia-smi >/dev/null 2>&1; then
  say "error: there is no NVIDIA GPU with a driver here (nvidia-smi finds none); this check needs one"
  exit 69
fi

# A limit needs a process of its own: this script calls itself.
if [ -n "${SEXTANT_GPU_STEP:-}" ]; then run_step "${chosen[0]}"; exit; fi
mkdir -p "$out"
[ ! -d "$build/libraries" ] || export LD_LIBRARY_PATH=$build/libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
failed=0
for step in "${chosen[@]}"; do
  if [ -f "$out/$step.done" ] && ! $again; then say "$step: done before"; continue; fi
  rm -f "$out/$step.done"
  begin=$SECONDS status=0
  SEXTANT_GPU_STEP=1 timeout --kill-after=10 "$(limit_of "$step")" "${BASH_SOURCE[0]}" "$step" >"$out/$step.log" 2>&1 || status=$?
  if [ $status -eq 0 ]; then touch "$out/$step.done"; else failed=1; fi
  case $status in
    0) say "$step: ok ($((SECONDS - begin)) s)" ;;
    124|137) say "$step: not done in $(limit_of "$step") s; call it again to go on ($out/$step.log)" ;;
    *) say "$step: failed ($out/$step.log):"; tail -n 5 "$out/$step.log" | cut -c 1-300 >&2 ;;
  esac
done
[ ! -f "$out/table.log" ] || cat "$out/table.log"
exit $failed
