"""`sextant view`: who gets an answer, and what it says of runs that are over, at work and broken."""

import fcntl
import http.client
import json
import os
import signal
import subprocess

from .data import inline_set, make_mcq
from .harness import DATA, OK, USAGE, ContractTest, read_json, write


class View(ContractTest):
    def setUp(self):
        super().setUp()
        self.config = write(self.dir / "config.json", {"datasets": [inline_set(make_mcq(self.dir / "mcq.jsonl", 4))]})
        replies = self.dir / "replies.jsonl"
        replies.write_text("".join(json.dumps({"dataset": "tiny", "index": i, "reply": "A </script>"}) + "\n" for i in range(4)))
        self.assert_rc(self.sextant("run", self.config, "--backend", "answers", "--model-path", replies), OK)
        self.run_folder = self.run_folders()[-1]

    def serve(self, folder="outputs"):
        process = self.start("view", folder, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = process.stdout.readline().decode()
        self.assertRegex(line, r"^http://127\.0\.0\.1:\d+/[0-9a-f]{32}/\n$")
        self.host, self.token = line[len("http://"):].split("/")[:2]
        return process

    def get(self, path, host=None, method="GET"):
        connection = http.client.HTTPConnection(self.host, timeout=10)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or self.host)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        connection.close()
        return answer.status, text

    def runs(self):
        status, text = self.get("/%s/runs.json" % self.token)
        self.assertEqual(status, 200)
        return json.loads(text)["runs"]

    def test_who_gets_an_answer(self):
        process = self.serve()
        port = self.host.split(":")[1]
        self.assertEqual(self.get("/%s/" % self.token)[0], 200)
        self.assertEqual(self.get("/%s/" % self.token, "localhost:" + port)[0], 200)
        for host in ("evil.example", "127.0.0.1", "evil.example:" + port, "127.0.0.1:1"):
            self.assertEqual(self.get("/%s/" % self.token, host)[0], 403, host)
        secret = self.dir / "secret" / "run.json"
        write(secret, "{}")
        os.symlink(self.dir / "secret", self.dir / "outputs" / "link")
        base = "/" + self.token
        for path in ("/", "/runs.json", "/0" + self.token + "/", base, base + "/run/", base + "/run/../secret", base + "/run/link",
                     base + "/run/%2e%2e/secret", base + "/../" + self.token + "x/", base + "/run/" + str(self.dir / "secret"), base + "/config.json"):
            status, text = self.get(path)
            self.assertEqual(status, 404, path)
            self.assertNotIn(self.token, text)
        for method in ("POST", "PUT", "DELETE"):
            self.assertEqual(self.get("/%s/" % self.token, method=method)[0], 405, method)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 0)

    def test_runs_and_their_pages(self):
        before = sorted(str(path) for path in self.run_folder.rglob("*"))
        self.serve()
        [run] = self.runs()
        self.assertEqual((run["status"], run["tasks"], run["tasks_over"], run["samples"]), ("complete", 1, 1, 4))
        self.assertEqual(run["name"], "default/" + self.run_folder.name)
        status, text = self.get("/%s/run/%s" % (self.token, run["name"]))
        self.assertEqual(status, 200)
        self.assertIn('id="block-0"', text)
        self.assertEqual(sorted(str(path) for path in self.run_folder.rglob("*")), before)  # nothing was written
        record = read_json(self.run_folder / "run.json")
        write(self.run_folder / "run.json", dict(record, finished="", status="incomplete", tasks=[dict(record["tasks"][0], status="incomplete", infer="incomplete")]))
        self.assertEqual(self.runs()[0]["status"], "incomplete")
        with open(self.run_folder / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            [run] = self.runs()
            self.assertEqual((run["status"], run["tasks_over"], run["responses"]), ("running", 0, 4))
            self.assertEqual(self.get("/%s/run/%s" % (self.token, run["name"]))[0], 503)
        write(self.run_folder / "run.json", "{")
        [run] = self.runs()
        self.assertEqual(run["status"], "unreadable")
        self.assertIn("run.json", run["error"])

    def test_bad_folders_and_ports(self):
        self.assert_refused(self.sextant("view", "nothing/here"), DATA, "nothing/here")
        self.assert_refused(self.sextant("view", "outputs", "--port", "70000"), USAGE, "70000")
