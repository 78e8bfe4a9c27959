"""Prints where Apache Arrow's headers and libraries are in the wheel pyarrow, a line each: include folder, libarrow, libparquet.

The wheel is looked for in the folder of the environment variable SEXTANT_PYARROW, in the cache that tools/setup.sh fills, and in
this Python's packages. Nothing printed: there is none.
"""
import os
import pathlib
import sysconfig


def folders():
    if os.environ.get("SEXTANT_PYARROW"):
        yield pathlib.Path(os.environ["SEXTANT_PYARROW"])
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    yield from sorted(pathlib.Path(cache, "sextant").glob("pyarrow-*"), reverse=True)
    yield pathlib.Path(sysconfig.get_paths()["purelib"])


def main():
    for folder in folders():
        package = folder if (folder / "include/arrow/api.h").is_file() else folder / "pyarrow"
        libraries = [sorted(package.glob(f"lib{name}.so.*")) for name in ("arrow", "parquet")]
        if (package / "include/arrow/api.h").is_file() and all(libraries):
            print(package.resolve() / "include", *(found[0].resolve() for found in libraries), sep="\n")
            return


if __name__ == "__main__":
    main()
