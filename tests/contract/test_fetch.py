"""`sextant fetch`: what is got from a server on this machine, what is refused, and that nothing but the right file is ever left."""

import contextlib
import hashlib
import http.server
import threading
import time

from .harness import DATA, INTERRUPTED, OK, UNAVAILABLE, USAGE, ContractTest, write

ROWS = b'{"question": "1 + 1", "answer": "2"}\n' * 3


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path[len("/moved") :])
            self.end_headers()
            return
        if self.path == "/to-a-file":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
            return
        if self.path == "/gone.jsonl":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path == "/slow.jsonl":
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            self.wfile.flush()
            self.server.slow.set()
            self.server.release.wait(20)
            return
        self.send_header("Content-Length", str(len(ROWS) + (10 if self.path == "/short.jsonl" else 0)))
        self.end_headers()
        self.wfile.write(ROWS)


class Fetch(ContractTest):
    @contextlib.contextmanager
    def server(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.asked, server.slow, server.release = [], threading.Event(), threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server, "http://127.0.0.1:%d" % server.server_port
        finally:
            server.release.set()
            server.shutdown()
            thread.join()
            server.server_close()

    def card(self, name, fetch, **more):
        card = {"card": "dataset", "summary": "s", "abbr": name, "folder": "tiny/" + name, "loader": {"type": "table", "file": "test.jsonl"},
                "reader": {"input_columns": ["question"], "output_column": "answer"},
                "infer": {"template": {"type": "text", "prompt": "{question}"}, "inferencer": {"type": "gen"}}, "eval": {"metrics": [{"type": "accuracy"}]},
                "provenance": {"get": "from its owner", "fetch": fetch}, **more}
        write(self.dir / "cards" / (name + ".json"), card)

    def fetch(self, *args, **options):
        return self.sextant("fetch", *args, "--config-dir", self.dir / "cards", **options)

    def files(self, folder):
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) if folder.exists() else []

    def test_files_come_where_a_run_looks_for_them(self):
        with self.server() as (server, url):
            self.card("one", [{"url": url + "/moved/test.jsonl?x=1", "sha256": sum_of(ROWS).upper(), "to": "test.jsonl"},
                              {"url": url + "/deeper/a.jsonl", "sha256": sum_of(ROWS), "to": "in/b.jsonl"}])
            write(self.dir / "cards" / "all.json", {"card": "dataset", "summary": "s", "cards": ["one", "one/gen"]})
            would = self.fetch("one", "--data-dir", "d", "--dry-run")
            self.assert_rc(would, OK)
            self.assertEqual((server.asked, self.files(self.dir / "d")), ([], []))
            self.assertIn("would be fetched", would.stdout)
            got = self.fetch("all", "--data-dir", "d")
            self.assert_rc(got, OK)
            self.assertEqual(self.files(self.dir / "d"), ["tiny/one/in/b.jsonl", "tiny/one/test.jsonl"])
            self.assertEqual((self.dir / "d/tiny/one/test.jsonl").read_bytes(), ROWS)
            asked = len(server.asked)
            again = self.fetch("one", "--data-dir", "d")
            self.assert_rc(again, OK)
            self.assertEqual(len(server.asked), asked, "what is there is not asked for")
            self.assertIn("here already", again.stdout)
            self.assert_rc(self.fetch("one"), OK)
            self.assertEqual(self.files(self.home), [".cache/opencompass/data/tiny/one/in/b.jsonl", ".cache/opencompass/data/tiny/one/test.jsonl"])
            self.assert_rc(self.fetch("one", env={"COMPASS_DATA_CACHE": str(self.dir / "cache")}), OK)
            self.assertEqual(len(self.files(self.dir / "cache/data/tiny")), 2)
            listed = self.sextant("list", "datasets", "one", "--long", "--config-dir", self.dir / "cards")
            self.assertIn("data: here (%s" % (self.home / ".cache"), listed.stdout)
            self.assertIn("`sextant fetch one` gets: " + url, listed.stdout)

    def test_what_is_not_the_right_file_is_not_kept(self):
        with self.server() as (_, url):
            for name, path, sha, rc, words in (
                ("other", "/test.jsonl", "0" * 64, DATA, [sum_of(ROWS), "0" * 64, "nothing was kept"]),
                ("gone", "/gone.jsonl", sum_of(ROWS), UNAVAILABLE, ["/gone.jsonl", "404"]),
                ("short", "/short.jsonl", sum_of(ROWS), UNAVAILABLE, ["/short.jsonl", "try again"]),
                ("local", "/to-a-file", sum_of(ROWS), UNAVAILABLE, ["/to-a-file", "http or https"]),
                ("nosum", "/test.jsonl", None, DATA, [url + "/test.jsonl", "no SHA-256", "tiny/nosum/test.jsonl"]),
                ("nohex", "/test.jsonl", "abc", DATA, ["abc", "64 hex digits"]),
            ):
                with self.subTest(name):
                    self.card(name, [{"url": url + path, **({"sha256": sha} if sha else {})}])
                    self.assert_refused(self.fetch(name, "--data-dir", "d"), rc, *words)
                    self.assertEqual(self.files(self.dir / "d"), [])
            self.card("unreachable", [{"url": "http://127.0.0.1:1/x.jsonl", "sha256": "0" * 64}])
            self.assert_refused(self.fetch("unreachable", "--data-dir", "d"), UNAVAILABLE, "127.0.0.1:1", "check the network")

    def test_a_file_that_is_there_is_never_replaced(self):
        with self.server() as (server, url):
            self.card("one", [{"url": url + "/test.jsonl", "sha256": sum_of(ROWS)}])
            mine = write(self.dir / "d/tiny/one/test.jsonl", "my own\n")
            self.assert_refused(self.fetch("one", "--data-dir", "d"), DATA, str(mine.relative_to(self.dir)), "move it away")
            self.assertEqual((mine.read_text(), server.asked), ("my own\n", []))

    def test_cards_that_cannot_be_fetched(self):
        outside = {"sha256": "0" * 64}
        for name, fetch, words in (
            ("absolute", [{"url": "http://127.0.0.1:1/x", "to": "/etc/x", **outside}], ["/etc/x", "below the set's folder"]),
            ("above", [{"url": "http://127.0.0.1:1/x", "to": "a/../../x", **outside}], ["a/../../x"]),
            ("nameless", [{"url": "http://127.0.0.1:1/", **outside}], ["\"to\""]),
            ("file", [{"url": "file:///etc/passwd", "to": "x", **outside}], ["file:///etc/passwd", "http"]),
            ("none", [], ["none", "from its owner", "tiny/none"]),
            ("twice", [{"url": "http://127.0.0.1:1/a", "to": "x", "sha256": "1" * 64},
                       {"url": "http://127.0.0.1:1/b", "to": "x", **outside}], ["both put to"]),
        ):
            with self.subTest(name):
                self.card(name, fetch)
                self.assert_refused(self.fetch(name, "--data-dir", "d"), DATA, *words)
        self.assert_refused(self.fetch(), USAGE, "NAME")
        self.assert_refused(self.fetch("nonee"), USAGE if self.fetch("nonee").rc == USAGE else DATA, "nonee", "none")

    def test_the_others_are_fetched(self):
        with self.server() as (_, url):
            self.card("none", [])
            self.card("one", [{"url": url + "/test.jsonl", "sha256": sum_of(ROWS)}])
            outcome = self.fetch("none", "one", "--data-dir", "d")
            self.assert_rc(outcome, DATA)
            self.assertEqual(self.files(self.dir / "d"), ["tiny/one/test.jsonl"])

    def test_interrupted(self):
        with self.server() as (server, url):
            self.card("slow", [{"url": url + "/slow.jsonl", "sha256": "0" * 64}])
            process = self.start("fetch", "slow", "--data-dir", "d", "--config-dir", self.dir / "cards")
            self.assertTrue(server.slow.wait(20))
            time.sleep(0.05)
            outcome = self.interrupt(process)
            self.assert_rc(outcome, INTERRUPTED)
            self.assertEqual(self.files(self.dir / "d"), [])

    def environment(self, **more):
        return super().environment(**{"no_proxy": "127.0.0.1", **more})


