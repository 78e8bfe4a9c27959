#!/usr/bin/env python3
"""Which of lm-eval's tasks run, as docs/tasks.md has it: count_tasks.py PROGRAM DIR prints the table.

PROGRAM is sextant, DIR lm-eval's tasks folder. The table is by verdict and output type, and by what a task lacks.
"""
import collections
import json
import re
import subprocess
import sys

VERDICTS = {"runs": "run", "code": "need Python code", "lacks": "lack something", "broken": "are broken"}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lines = subprocess.run([sys.argv[1], "list", "tasks", sys.argv[2], "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    tasks = [line for line in map(json.loads, lines) if "task" in line]
    kinds = sorted({task["output_type"] for task in tasks} - {""})
    print("| tasks that | all | " + " | ".join("`%s`" % kind for kind in kinds) + " |")
    print("|---" * (len(kinds) + 2) + "|")
    for verdict, words in VERDICTS.items():
        of = [task for task in tasks if task["verdict"] == verdict]
        counts = collections.Counter(task["output_type"] for task in of)
        print("| %s | %d | %s |" % (words, len(of), " | ".join(str(counts[kind]) for kind in kinds)))
        if verdict == "code":
            counts = collections.Counter(task["output_type"] for task in of if task["with_task_code"])
            print("| ... of which with `--allow-task-code` run | %d | %s |" % (sum(counts.values()), " | ".join(str(counts[kind]) for kind in kinds)))
    print("\nWhat is lacking, by how many tasks:\n")
    # each reason without what differs from task to task
    reasons = collections.Counter(re.sub(r"; there are:.*|'[^']*\.yaml'", "", task["why"].split("; ")[0]) for task in tasks if task["verdict"] in ("lacks", "broken"))
    for reason, count in reasons.most_common():
        print("- %d: %s" % (count, reason))


if __name__ == "__main__":
    main()
