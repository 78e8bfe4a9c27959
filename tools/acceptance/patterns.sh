#!/usr/bin/env bash
# Searches for replies on which a built-in pattern takes more steps than their length allows: 100,000 generated texts for each of them
# (CI tries 400). tools/acceptance/patterns.sh [BUILD_DIR] [COUNT]; some minutes.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
build=${1:-$root/build/dev}
for name in extractors answers code; do
  test=$build/tests/plugins/test_plugins_$name
  [ -x "$test" ] || die "$test is not built; ninja -C $build tests/plugins/test_plugins_$name"
  SEXTANT_WORST_CASES=${2:-100000} "$test" "no reply takes*" -d yes
done
