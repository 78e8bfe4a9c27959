#!/usr/bin/env bash
# Searches for replies on which a built-in reader or pattern takes more steps than their length allows: 100,000 generated texts for each
# of them (CI tries 400). Steps are branches, items of patterns and bytes that the C library handles (tests/plugins/step_counter.hpp), never
# time, so that it says the same on a busy machine. tools/acceptance/patterns.sh [BUILD_DIR] [COUNT] [FROM]; about ten minutes of one core.
# A line says how far it has come, and it goes on from there with FROM. Exit code 1 where a text is found; it is printed with its number.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
build=${1:-$root/build/dev} count=${2:-100000} from=${3:-0} piece=5000
for name in extractors answers code; do
  test=$build/tests/plugins/test_plugins_$name
  [ -x "$test" ] || die "$test is not built; ninja -C $build tests/plugins/test_plugins_$name"
done
for ((begin = from; begin < count; begin += piece)); do
  export SEXTANT_WORST_CASES_FROM=$begin SEXTANT_WORST_CASES=$((count - begin < piece ? count - begin : piece))
  for name in extractors answers code; do
    "$build/tests/plugins/test_plugins_$name" "no reply takes*","no window takes*" >"${TMPDIR:-/tmp}/patterns.$$" 2>&1 || {
      cat "${TMPDIR:-/tmp}/patterns.$$"
      exit 1
    }
  done
  echo "texts $begin to $((begin + SEXTANT_WORST_CASES - 1)): none, $(date +%T)"
done
rm -f "${TMPDIR:-/tmp}/patterns.$$"
echo "passed"
