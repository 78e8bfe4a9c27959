#!/usr/bin/env python3
"""Tests of check.py: each change of the headers is seen for what it is."""
import contextlib
import io
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check  # noqa: E402

HEADERS = pathlib.Path(__file__).resolve().parents[2] / "sdk/include/sextant"

# header, what stands there, what stands there then, exit code, a word of the answer
CHANGES = [
    ("model.h", "uint32_t top_logprobs, reserved;", "uint32_t top_logprobs, reserved; uint64_t more;", 1, "sxt_request.more is not recorded"),
    ("model.h", "  uint64_t keep_bytes;\n", "  uint64_t more;\n  uint64_t keep_bytes;\n", 1, "sxt_request.keep_bytes was"),
    ("model.h", "  uint64_t keep_bytes;\n", "", 1, "sxt_request.keep_bytes is gone"),
    ("model.h", "  uint64_t keep_bytes;\n", "  double keep_bytes;\n", 1, "sxt_request.keep_bytes was"),
    ("model.h", "SXT_ASK_GENERATE = 1", "SXT_ASK_GENERATE = 7", 1, "SXT_ASK_GENERATE was 1, and is 7"),
    ("model.h", "typedef struct sxt_ids { const int32_t *data; uint64_t count; }",
     "typedef struct sxt_ids { const int32_t *data; uint64_t count, more; }", 1, "does not begin with struct_size"),
    ("metric.h", "const double *score, uint64_t n", "const float *score, uint64_t n", 1, "sxt_metric_v1.aggregate was"),
    ("base.h", "#define SXT_ABI_MAJOR 1u", "#define SXT_ABI_MAJOR 2u", 1, "SXT_ABI_MAJOR was 1, and is 2"),
    ("base.h", "#define SXT_ABI_MINOR_NEWEST 1u", "#define SXT_ABI_MINOR_NEWEST 2u", 1, "SXT_ABI_MINOR_NEWEST is not recorded"),
    ("base.h", "#define SXT_ABI_MINOR_NEWEST 1u", "#define SXT_ABI_MINOR_NEWEST 0u", 1, "SXT_ABI_MINOR_NEWEST was 1, and is 0"),
    ("base.h", "  SXT_MISSING ", "  SXT_NEWER,\n  SXT_MISSING ", 1, "SXT_MISSING was 10, and is 11"),
    ("base.h", "SXT_INFERENCER\n", "SXT_INFERENCER, SXT_MORE\n", 1, "SXT_MORE is not recorded"),
    ("base.h", "/* [any] */", "/* any thread */", 0, ""),
]


class Changes(unittest.TestCase):
    def answer(self, folder):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = check.main(["--headers", str(folder / "sextant/abi")])
        return code, out.getvalue()

    def test_each_change(self):
        for header, before, after, code, word in CHANGES:
            with self.subTest(header=header, after=after), tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(scratch)
                shutil.copytree(HEADERS, folder / "sextant")
                path = folder / "sextant/abi" / header
                text = path.read_text()
                self.assertIn(before, text)
                path.write_text(text.replace(before, after, 1))
                got, said = self.answer(folder)
                self.assertEqual(got, code, said)
                self.assertIn(word, said)

    def test_nothing_that_breaks_is_recorded(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            shutil.copytree(HEADERS, folder / "sextant")
            path = folder / "sextant/abi/model.h"
            path.write_text(path.read_text().replace("  uint64_t keep_bytes;\n", "", 1))
            record = folder / "abi.json"
            shutil.copy(pathlib.Path(check.__file__).parent / "abi.json", record)
            before = record.read_text()
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(check.main(["--write", "--headers", str(folder / "sextant/abi"), "--record", str(record)]), 1)
            self.assertEqual(record.read_text(), before)


if __name__ == "__main__":
    unittest.main()
