#!/usr/bin/env bash
# Installs what is missing, builds (warnings are errors), runs every test; ends with "N passed, N failed, N skipped".
# SEXTANT_TEST_DATA: real benchmark data (default ../shared/data beside the checkout); tests that need it skip without it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/tools/setup.sh"
build=$root/build/test
export SEXTANT_TEST_DATA=${SEXTANT_TEST_DATA:-$root/../shared/data}
export CXX=${CXX:-g++} CC=${CC:-gcc}
build_core "$build" -Dwerror=true -Dtests=true
build_third_party "$build"
if model=$(fetch_model); then export SEXTANT_TEST_MODEL=${SEXTANT_TEST_MODEL:-$model}; else say "the tests with the real model are skipped"; fi
export SEXTANT_TEST_PREFIX=$build/root SEXTANT_TEST_THIRD_PARTY=$build/third_party/plugins SEXTANT_PROGRAM=$build/root/bin/sextant
status=0
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes "$jobs" || status=$?
python3 "$root/tools/count_tests.py" "$build/meson-logs/testlog.junit.xml" || status=1
exit "$status"
