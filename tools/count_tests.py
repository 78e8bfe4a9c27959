#!/usr/bin/env python3
"""Prints meson's junit log as one line, "N passed, N failed, N skipped", subtests counted singly; exits 1 on a failure."""
import sys
import xml.etree.ElementTree as ElementTree

passed = failed = skipped = 0
for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
    if case.find("failure") is not None or case.find("error") is not None:
        failed += 1
        print(f"failed: {case.get('classname', '')} {case.get('name', '')}")
    elif case.find("skipped") is not None:
        skipped += 1
        print(f"skipped: {case.get('classname', '')} {case.get('name', '')}")
    else:
        passed += 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or not passed else 0)
