"""docs/migrating.md: its commands work as they stand where they need neither OpenCompass nor lm-eval; the sample backend stands in for the default model."""

import pathlib
import re

from .harness import OK, THIRD_PARTY, ContractTest

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "migrating.md"


def blocks():
    """The commands of each block that is marked with <!-- runs -->."""
    for block in PAGE.read_text(encoding="utf-8").split("<!-- runs -->\n")[1:]:
        yield [line[len("    sextant "):].split() for line in re.match(r"(?:    .*\n)+", block)[0].splitlines()]


class Migrating(ContractTest):
    def test_the_commands_of_the_page_work(self):
        found = list(blocks())
        self.assertEqual(len(found), 3)
        for commands in found:
            for words in commands:
                # TIME is the run that the folder before it holds
                words = [str(next(pathlib.Path(self.dir, w[:-5]).glob("2*"))) if w.endswith("/TIME") else w for w in words]
                words = [str(self.dir / w) if w.startswith("outputs/") or w == "exported" else w for w in words]
                flags = ("--backend", "sample", "--plugin-path", THIRD_PARTY) if words[0] in ("run", "prompt", "check") else ()
                with self.subTest(command=words):
                    done = self.sextant(*words, *flags)
                    self.assertEqual(done.rc, OK, done)
