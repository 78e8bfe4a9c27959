#!/usr/bin/env bash
# Installs what building and testing need, and nothing else. --build: only what building needs.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
if [ "${1:-}" = --build ]; then
  install_packages "${packages_build[@]}"
else
  install_packages "${packages_build[@]}" "${packages_test[@]}"
  fetch_arrow
fi
