#!/usr/bin/env python3
"""As a new author would, out of the tree and by the docs: `sextant plugins new` of every kind in every language, built, tried by `plugins check`,
found and described; and the complete programs of docs/plugins.md, each in place and used in a run.

    tools/acceptance/new_plugins.py [--program PATH] [--slice] [--build direct|meson|cmake]

--slice: what takes seconds, C++ for the docs' loader alone. SEXTANT_PROGRAM names the program otherwise. The program must be installed.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = ["metric", "postprocessor", "dataset", "template", "retriever", "inferencer", "model"]


class Author:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.prefix = pathlib.Path(program).resolve().parents[1]
        pc = next(self.prefix.rglob("sextant-sdk.pc"))
        self.environment = dict(os.environ, HOME=str(folder / "home"), XDG_DATA_HOME=str(folder / "home/data"), XDG_CACHE_HOME=str(folder / "home/cache"))
        path = self.environment.get("PKG_CONFIG_PATH")
        self.environment["PKG_CONFIG_PATH"] = str(pc.parent) + (":" + path if path else "")
        for name in ("PYTHONPATH", "SEXTANT_PLUGIN_PATH", "SEXTANT_ISOLATE"):
            self.environment.pop(name, None)
        self.plugins = folder / "home/data/sextant/plugins"
        self.plugins.mkdir(parents=True)
        self.map = self.prefix / "share/sextant/plugin.map"
        self.failed = 0

    def run(self, *command, cwd=None, input=None, expect=0):
        done = subprocess.run([str(word) for word in command], cwd=cwd or self.folder, env=self.environment, input=input, capture_output=True, text=True)
        if expect is not None and done.returncode != expect:
            raise RuntimeError("%s: exit %d\n%s%s" % (" ".join(map(str, command)), done.returncode, done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def sextant(self, *words, **more):
        return self.run(self.program, *words, **more)

    def built(self, folder, name, how):
        """NAME.so of the folder, installed where plugins are looked for."""
        source = next(f for f in (folder / (name + ".c"), folder / (name + ".cpp")) if f.exists())
        if how == "meson":
            self.run("meson", "setup", "build", "-Dplugin_dir=%s" % self.plugins, cwd=folder)
            self.run("meson", "test", "-C", "build", cwd=folder)
            self.run("meson", "install", "-C", "build", cwd=folder)
            return self.plugins / (name + ".so")
        if how == "cmake":
            self.run("cmake", "-B", "build", "-DPLUGIN_DIR=%s" % self.plugins, cwd=folder)
            self.run("cmake", "--build", "build", cwd=folder)
            self.run("ctest", "--test-dir", "build", cwd=folder)
            self.run("cmake", "--install", "build", cwd=folder)
            return self.plugins / (name + ".so")
        out = self.plugins / (name + ".so")
        compiler = os.environ.get("CC", "cc") + " -std=gnu11" if source.suffix == ".c" else os.environ.get("CXX", "c++") + " -std=c++20"
        self.run(*compiler.split(), "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-I%s" % (self.prefix / "include"), source, "-o", out,
                 "-Wl,--version-script=%s" % self.map, "-Wl,-z,defs", cwd=folder)
        (self.plugins / (name + ".json")).write_text(self.sextant("plugins", "describe", out))
        self.sextant("plugins", "check", out)
        return out

    def tried(self, what, function):
        try:
            function()
            print("ok      %s" % what)
        except Exception as error:
            self.failed += 1
            print("FAILED  %s: %s" % (what, error))

    # ---- `plugins new` ---------------------------------------------------------------------------------------------------
    def new(self, kind, language, how, prefix="new"):
        name = "%s_%s_%s" % (prefix, language, kind)
        self.sextant("plugins", "new", kind, name, "--language", language)
        folder = self.folder / name
        files = {f.name for f in folder.iterdir()}
        assert "README.md" in files and not re.search(r"@[A-Z_]+@", "".join(f.read_text() for f in folder.iterdir() if f.suffix != ".build")), files
        self.sextant("plugins", "new", kind, name, "--language", language, expect=64)  # what is there stays
        if language == "python":
            text = self.sextant("plugins", "check", sys.executable, name + ".py", cwd=folder)
            assert ": ok (%s)" % kind in text, text
            return
        self.built(folder, name, how)
        assert '"id":"%s"' % name in self.sextant("plugins", "info", "%s:%s" % (kind, name), "--json")

    # ---- the page ----------------------------------------------------------------------------------------------------------
    def page(self):
        """The programs of docs/plugins.md by their names, which stand in their first lines."""
        text = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```(?:python|cpp|c)\n((?:#|//|/\*) (\w+\.\w+).*?)```", text, re.S)
        return {name: code for code, name in blocks}

    def loader_and_run(self, blocks):
        """The JSON loader in C++, the C metric and post-processor, and a run that uses them all with the Python model and inferencer."""
        for name in ("json_rows.cpp", "same_length.c", "last_word.c", "shared_words.py", "echo_model.py", "think_first.py"):
            lines = blocks[name].count("\n")
            assert lines <= 40, "%s has %d lines" % (name, lines)
        for name, kind, language in (("json_rows", "dataset", "cpp"), ("same_length", "metric", "c"), ("last_word", "postprocessor", "c")):
            self.sextant("plugins", "new", kind, name, "--language", language)
            file = self.folder / name / ("%s.%s" % (name, language))
            if language == "cpp":
                file.write_text(blocks[file.name])
            else:
                # the page shows a component's own part: it stands in the place of what was written
                text = file.read_text()
                own = text.index("static sxt_status ")
                file.write_text(text[:own] + blocks[file.name].split("\n", 1)[1] + text[text.index("\n/* ---- the object"):])
            self.built(self.folder / name, name, "direct")
        for name in ("shared_words.py", "echo_model.py", "think_first.py"):
            (self.folder / name).write_text(blocks[name])
            self.sextant("plugins", "check", sys.executable, name)
        data = self.folder / "rows"
        data.mkdir()
        (data / "test.json").write_text(json.dumps([{"question": "What is %d + %d? Say %d" % (i, i, 2 * i), "answer": str(2 * i)} for i in range(12)]))
        (data / "train.json").write_text("[]")
        assert "ok" in self.sextant("plugins", "check", self.plugins / "json_rows.so", "--config", json.dumps({"path": str(data)}))
        python = lambda file: {"command": [sys.executable, str(self.folder / file)]}
        card = {
            "abbr": "sums", "loader": {"type": "json_rows"}, "path": str(data),
            "reader": {"input_columns": ["question"], "output_column": "answer", "train_split": "test", "test_split": "test"},
            "infer": {"retriever": {"type": "zero"}, "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}"}]}, "inferencer": python("think_first.py")},
            "eval": {"postprocessors": [{"type": "last_word"}], "metrics": [{"type": "same_length"}, python("shared_words.py")]},
        }
        config = self.folder / "config.json"
        config.write_text(json.dumps({"models": [{"abbr": "echo", "backend": "command", "config": python("echo_model.py")}], "datasets": [card]}))
        self.sextant("run", config)
        samples = next(self.folder.glob("outputs/*/*/samples/echo/sums.jsonl")).read_text().splitlines()
        scores = [json.loads(line)["scores"] for line in samples]
        assert len(scores) == 12 and all(s == {"same_length": 1, "shared_words": 1} for s in scores), scores

    def broken(self):
        """A loader whose schema lacks "path", and a metric that keeps what it was lent: the kit finds both, and says where the rule stands."""
        self.sextant("plugins", "new", "dataset", "no_path", "--language", "c")
        file = self.folder / "no_path/no_path.c"
        file.write_text(file.read_text().replace('\\"path\\": {\\"type\\": \\"string\\"}', ""))
        self.sextant("plugins", "new", "metric", "keeps", "--language", "c")
        metric = self.folder / "keeps/keeps.c"
        metric.write_text(metric.read_text().replace("  (void)object, (void)reterr;\n", "  static const char *kept; static uint64_t size;\n  (void)object, (void)reterr;\n"
                          "  if (kept && size && kept[size - 1] == 7) return SXT_IO;\n  if (n) kept = judged[0]->prediction.data, size = judged[0]->prediction.size;\n"))
        for name, why, place in (("no_path", 'no property "path"', "abi/dataset.h"), ("keeps", "signal 11", "abi/base.h")):
            out = self.folder / (name + ".so")
            self.run(*os.environ.get("CC", "cc").split(), "-std=gnu11", "-fPIC", "-shared", "-fvisibility=hidden", "-I%s" % (self.prefix / "include"),
                     self.folder / name / (name + ".c"), "-o", out, "-Wl,--version-script=%s" % self.map)
            text = self.sextant("plugins", "check", out, expect=65)
            assert "FAILED" in text and why in text and place in text, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--slice", action="store_true")
    parser.add_argument("--build", default="direct", choices=["direct", "meson", "cmake"])
    args = parser.parse_args()
    if not args.program:
        print("SKIP: give --program (or SEXTANT_PROGRAM)")
        sys.exit(77)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sextant-new-"))
    try:
        author = Author(os.path.abspath(args.program), folder)
        for language in ("c", "python") if args.slice else ("c", "python", "cpp"):
            for kind in KINDS if language == "c" or not args.slice else ("dataset", "retriever"):
                author.tried("new %s --language %s" % (kind, language), lambda: author.new(kind, language, args.build))
        # the generated build files: one plugin of each language by each of the two
        for how in ("meson", "cmake") if args.build == "direct" else ():
            if not shutil.which(how):
                print("SKIP    plugins built by %s: it is not installed" % how)
                continue
            for language, kind in (("c", "metric"),) if args.slice else (("c", "metric"), ("cpp", "model")):
                author.tried("%s's build of a new %s in %s" % (how, kind, language), lambda: author.new(kind, language, how, "by_" + how))
        author.tried("the programs of docs/plugins.md in a run", lambda: author.loader_and_run(author.page()))
        author.tried("broken ones are found", author.broken)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if author.failed else 0)


if __name__ == "__main__":
    main()
