#!/usr/bin/env python3
"""`python tools/list_configs.py [PATTERN...]` as OpenCompass has it: calls `sextant list` with the same arguments (docs/migrating.md)."""

import sys

from installed import call

call("list", *sys.argv[1:])
