#!/usr/bin/env bash
# Simulates how often the intervals hold, how often the tests err, and their power: 10,000 runs a cell (CI has 400), as
# docs/statistics.md shows them. tools/acceptance/statistics.sh [BUILD_DIR] [RUNS]; a minute or two.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
build=${1:-$root/build/dev}
simulation=$build/tests/core/simulate_statistics
[ -x "$simulation" ] || die "$simulation is not built; ninja -C $build tests/core/simulate_statistics"
"$simulation" "${2:-10000}"
