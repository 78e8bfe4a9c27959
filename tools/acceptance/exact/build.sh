#!/usr/bin/env bash
# The cpu backend as a program (model.cpp) for aarch64, with Debian's cross compiler, and what it needs to run under qemu: libraries of that
# machine in a folder, which nothing of this machine sees. build.sh FOLDER [here]; `here` compiles for this machine instead, portable kernels and all.
# Leaves FOLDER/model, to be started with FOLDER/run. About 140 files: ten minutes of one core.
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
folder=$(realpath -m "${1:?build.sh FOLDER [here]}")
mkdir -p "$folder/objects"
flags=(-std=c++20 -O2 -DNDEBUG -ffp-contract=off -Wno-restrict -Wno-maybe-uninitialized "-I$root/sdk/include" "-I$root/sdk/lib/include")
libraries=(-lsentencepiece -lutf8proc -lfmt -lpcre2-8 -lcrypto)
if [ "${2:-}" = here ]; then
  compiler=g++
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$folder/model" >"$folder/run"
else
  install_packages g++ g++-aarch64-linux-gnu qemu-user-static rapidjson-dev
  compiler=aarch64-linux-gnu-g++ system=$folder/system
  mkdir -p "$system" "$folder/apt/lists/partial" "$folder/apt/archives/partial"
  # package lists of their own: this machine's apt is not told of another architecture
  foreign=(-o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State::Lists="$folder/apt/lists" -o Dir::Cache="$folder/apt"
    -o Dir::State::status=/dev/null -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
  if [ ! -e "$system/complete" ]; then
    say "fetching libraries of aarch64"
    apt-get "${foreign[@]}" update -qq >&2 || die "no package lists of arm64"
    (cd "$folder/apt/archives" && apt-get "${foreign[@]}" download -qq libc6 libgcc-s1 libstdc++6 libfmt-dev libfmt9 libpcre2-dev libpcre2-8-0 \
      libsentencepiece-dev libsentencepiece0 libprotobuf-lite32 libutf8proc-dev libutf8proc2 libssl-dev libssl3 libgoogle-perftools4 \
      libtcmalloc-minimal4 libunwind8 liblzma5 zlib1g >&2) || die "the libraries of arm64 could not be fetched"
    for package in "$folder"/apt/archives/*.deb; do dpkg-deb -x "$package" "$system"; done
    mkdir -p "$folder/include"
    ln -sfn /usr/include/rapidjson "$folder/include/rapidjson"  # headers without a machine
    touch "$system/complete"
  fi
  lib=usr/lib/aarch64-linux-gnu
  flags+=(-isystem "$folder/include" -isystem "$system/usr/include" -isystem "$system/usr/include/aarch64-linux-gnu")
  libraries+=("-L$system/$lib" "-Wl,-rpath-link,$system/$lib:$system/lib/aarch64-linux-gnu")
  printf '#!/bin/sh\nexec qemu-aarch64-static -L "%s" -E LD_LIBRARY_PATH="%s" "%s" "$@"\n' "$system" "$system/$lib:$system/lib/aarch64-linux-gnu" "$folder/model" >"$folder/run"
fi
chmod +x "$folder/run"
command -v ccache >/dev/null && compiler="ccache $compiler"

# source, flags: kernels as models/cpu/meson.build has them
exact=-DSXT_EXACT name='-DKERNEL_NAME="portable"'
kernels=("kernels_portable.cpp" "matmul_bf16.cpp -DKERNEL_TABLE=bf16_portable $name" "attention_bf16.cpp -DKERNEL_TABLE=attention_bf16_portable $name"
  "matmul_int8.cpp $exact -DKERNEL_TABLE=int8_portable $name" "matmul_slices.cpp $exact -DKERNEL_TABLE=slices_portable $name"
  "attention_slices.cpp $exact -DKERNEL_TABLE=attention_slices_portable $name" "kernels_exact.cpp $exact -DKERNEL_TABLE=exact_portable $name" "matmul.cpp")
{
  printf '%s\n' "${kernels[@]/#/models/cpu/}"
  cd "$root"
  printf '%s\n' models/cpu/{attention,cpu_device,cpu_hardware,feed_forward,head,isa,memory,memory_plan,speed,thread_pool,weights}.cpp models/cpu/encoder/*.cpp
  find models/engine sdk/lib/{jinja,regex,schema,text,random} -name '*.cpp'
  printf '%s\n' core/plugin/{model,call,lent_requests,components}.cpp core/data/{fields,message,request,response,sample}.cpp core/base/{text,own_process}.cpp
  echo tools/acceptance/exact/model.cpp
} >"$folder/sources"
say "compiling $(wc -l <"$folder/sources") files"
one() {
  local folder=$1 compiler=$2 source=$3
  shift 3
  local object=$folder/objects/${source//\//_}.o
  # shellcheck disable=SC2086 # a compiler with ccache in front
  $compiler -MMD -MF "$object.d" "$@" -c "$source" -o "$object" || exit 255
}
export -f one
while read -r source more; do
  printf '%s\0' "$source${more:+ $more}"
done <"$folder/sources" | nice -n 10 xargs -0 -P "$jobs" -I{} bash -c 'one "$0" "$1" $2 "${@:3}"' "$folder" "$compiler" {} "${flags[@]}" ||
  die "it cannot be compiled"
# shellcheck disable=SC2086
$compiler "$folder"/objects/*.o -o "$folder/model" "${libraries[@]}" -lpthread || die "it cannot be linked"
say "$folder/run"
