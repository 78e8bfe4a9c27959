#!/usr/bin/env bash
# From a bare machine to a table: installs what is missing, builds, fetches the default model, evaluates it on the project's own
# data sets. Further arguments go to `sextant run`. A second run builds and downloads nothing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/tools/setup.sh" --build
build=$root/build/release
build_core "$build" -Dtests=false
build_third_party "$build"
model=$(fetch_model)
exec "$build/root/bin/sextant" run --model-path "$model" --plugin-path "$build/third_party/plugins" \
  --datasets ceval_xyj_gen ceval_xyj_ppl everyday_en_ppl "$@"
