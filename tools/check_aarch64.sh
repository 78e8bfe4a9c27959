#!/usr/bin/env bash
# The CPU backend's kernels on aarch64, without such a machine: builds them and their tests with Debian's cross compiler and runs them
# under qemu. Then: no multiplication is fused with an addition (-ffp-contract=off), but where exact kernels say so, and the portable
# kernels give the bits that they give on this machine. check_aarch64.sh [BUILD FOLDER]; needs g++-aarch64-linux-gnu and qemu-user-static. Not a part of CI.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
install_packages g++ g++-aarch64-linux-gnu qemu-user-static catch2 rapidjson-dev
build=${1:-$root/build/aarch64}
cross=aarch64-linux-gnu-
mkdir -p "$build/include"
for library in catch2 rapidjson; do ln -sfn "/usr/include/$library" "$build/include/$library"; done  # headers without a machine

# compile COMPILER OBJECT SOURCE [FLAG...]
compile() {
  local compiler=$1 object=$2 source=$3
  shift 3
  "$compiler" -std=c++20 -O3 -DNDEBUG -Wall -Wextra -Werror -I"$root" -I"$root/sdk/include" -isystem "$build/include" "$@" -c "$root/$source" -o "$object" ||
    die "$source cannot be compiled by $compiler"
}

# name, source, flags: as models/cpu/meson.build has them
kernels=(
  "kernels models/cpu/kernels_portable.cpp"
  "bf16 models/cpu/matmul_bf16.cpp -DKERNEL_TABLE=bf16_portable -DKERNEL_NAME=\"portable\""
  "exact_kernels models/cpu/kernels_exact.cpp -DKERNEL_TABLE=exact_portable -DKERNEL_NAME=\"portable\" -DSXT_EXACT"
  "exact_int8 models/cpu/matmul_int8.cpp -DKERNEL_TABLE=int8_portable -DKERNEL_NAME=\"portable\" -DSXT_EXACT"
  "exact_slices models/cpu/matmul_slices.cpp -DKERNEL_TABLE=slices_portable -DKERNEL_NAME=\"portable\" -DSXT_EXACT"
  "exact_attention models/cpu/attention_slices.cpp -DKERNEL_TABLE=attention_slices_portable -DKERNEL_NAME=\"portable\" -DSXT_EXACT"
  "attention models/cpu/attention_bf16.cpp -DKERNEL_TABLE=attention_bf16_portable -DKERNEL_NAME=\"portable\""
  "matmul models/cpu/matmul.cpp"
  "dequantize models/engine/checkpoint/dequantize.cpp"
)
# compile_kernels COMPILER FOLDER [FLAG...]
compile_kernels() {
  local compiler=$1 folder=$2 kernel name source flags
  shift 2
  mkdir -p "$folder"
  for kernel in "${kernels[@]}"; do
    read -r name source flags <<<"$kernel"
    # shellcheck disable=SC2086 # several flags
    compile "$compiler" "$folder/$name.o" "$source" $flags "$@"
  done
}
# the exact kernels fuse what is written as fma()
fused() { "${cross}objdump" -d $(ls "$1"/*.o | grep -v /exact_) | grep -cE '\s(f(n?m(add|sub))|fml[as]|bfml[as][a-z]*)\s' || true; }

say "compiling the kernels, for aarch64 and for this machine"
compile_kernels "${cross}g++" "$build/kernels" -ffp-contract=off
compile_kernels "${cross}g++" "$build/fused" -ffp-contract=fast
compile_kernels g++ "$build/here" -ffp-contract=off
say "compiling their tests"
tests=("$root"/tests/models/cpu/test_{kernels,matmul,attention}.cpp)
objects=()
for source in tests/main.cpp "${tests[@]#"$root"/}" models/cpu/isa.cpp; do
  object=$build/$(basename "$source" .cpp).o
  compile "${cross}g++" "$object" "$source" -O1 -Wno-restrict
  objects+=("$object")
done
"${cross}g++" -static "${objects[@]}" "$build"/kernels/*.o -o "$build/tests"
for folder in kernels here; do
  compiler=$([ $folder = kernels ] && echo "${cross}g++" || echo g++)
  compile "$compiler" "$build/bits_$folder.o" tests/models/cpu/portable_bits.cpp
  "$compiler" -static "$build/bits_$folder.o" "$build/$folder"/*.o -o "$build/bits_$folder"
done

status=0
qemu-aarch64-static "$build/tests" -r cases || status=1
without=$(fused "$build/kernels") with=$(fused "$build/fused")
say "fused multiply-adds in the kernels: $without; with -ffp-contract=fast they would be: $with"
[ "$without" -eq 0 ] && [ "$with" -gt 0 ] || { say "not ok - fused"; status=1; }
qemu-aarch64-static "$build/bits_kernels" >"$build/bits.aarch64"
"$build/bits_here" >"$build/bits.here"
cat "$build/bits.aarch64"
if diff "$build/bits.aarch64" "$build/bits.here"; then say "the same bits on aarch64 and $(uname -m)"; else say "not ok - other bits on $(uname -m)"; status=1; fi
exit $status
