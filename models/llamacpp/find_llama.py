"""Prints where libllama's headers and libraries are, a line each: include folder, library folder.

Looked for in the folder of the environment variable SEXTANT_LLAMA (with include/llama.h and lib/libllama.so below it), then in the
cache that tools/build_llama.sh fills. Nothing printed: in neither; pkg-config and CMake are asked next.
"""
import os
import pathlib


def folders():
    if os.environ.get("SEXTANT_LLAMA"):
        yield pathlib.Path(os.environ["SEXTANT_LLAMA"])
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    yield from sorted(pathlib.Path(cache, "sextant").glob("llama-*"), reverse=True)


for folder in folders():
    if (folder / "include/llama.h").is_file() and (folder / "lib/libllama.so").exists():
        print((folder / "include").resolve(), (folder / "lib").resolve(), sep="\n")
        break
