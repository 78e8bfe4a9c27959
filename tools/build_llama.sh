#!/bin/bash
# tools/build_llama.sh: builds libllama for `--backend llamacpp`, out of the source distribution of llama-cpp-python on PyPI, into the
# cache, where meson finds it: about ten minutes on two cores, 600 MB while it lasts, 10 MB after. Run twice it does nothing. Then build
# Sextant again. LLAMA_CMAKE_ARGS adds options of llama.cpp's own ("-DGGML_CUDA=ON"; the default is this machine's processor).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

llama_version=0.3.36
folder=${XDG_CACHE_HOME:-$HOME/.cache}/sextant/llama-$llama_version
[ -f "$folder/lib/libllama.so" ] && { say "libllama is in $folder already"; exit 0; }
install_packages g++ cmake ninja-build python3 python3-pip
mkdir -p "$(dirname "$folder")"
scratch=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# the package is only a container here: nothing of it is installed or run
python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-python --dest "$scratch" \
  "llama-cpp-python==$llama_version" >&2 || die "llama-cpp-python $llama_version could not be fetched (is there a network or a package mirror?)"
mkdir "$scratch/source"
tar -xzf "$scratch"/llama_cpp_python-*.tar.gz -C "$scratch/source" --strip-components 1
source=$scratch/source/vendor/llama.cpp
# GCC 12's _tile_loadconfig() names 8 of the 64 bytes that it reads, so that the others are never written, and llama.cpp's AMX kernels
# run into an illegal instruction; its other kernels are taken
flags=
[ "$(uname -m)" = x86_64 ] && flags="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
# shellcheck disable=SC2086  # several options
cmake -G Ninja -S "$source" -B "$scratch/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF \
  -DLLAMA_BUILD_EXAMPLES=OFF -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON ${LLAMA_CMAKE_ARGS:-} >&2 ||
  die "CMake could not configure llama.cpp"
ninja -C "$scratch/build" -j "$jobs" llama >&2 || die "llama.cpp could not be built"
mkdir -p "$scratch/out/include" "$scratch/out/lib"
cp "$source"/include/*.h "$source"/ggml/include/*.h "$scratch/out/include/"
cp -a "$scratch"/build/bin/lib*.so* "$scratch/out/lib/"
mv "$scratch/out" "$folder"
say "libllama is in $folder; build Sextant again (ninja -C BUILD reconfigure, then ninja -C BUILD)"
