#!/usr/bin/env python3
"""Compiles one .cu file: compile.py LOG COMMAND... What ptxas says of registers and spills goes to LOG, for tests/models/cuda/spills.py;
everything else that the compiler says is shown."""
import subprocess
import sys

log, command = sys.argv[1], sys.argv[2:]
result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
lines = result.stdout.splitlines(keepends=True)
is_report = [line.startswith("ptxas info") or line.startswith("    ") and "bytes stack frame" in line for line in lines]
with open(log, "w") as file:
    file.writelines(line for line, report in zip(lines, is_report) if report)
sys.stdout.writelines(line for line, report in zip(lines, is_report) if not report and line.strip())
sys.exit(result.returncode)
