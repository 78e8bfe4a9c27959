#!/usr/bin/env python3
"""How fast and how evenly the backend "openai" asks: against an echo server on this machine, prints requests a second, and the share of
busy slots where answers take from 0.1 to 10 s (most little, a few long).

    tools/acceptance/served.py [--program PATH] [--rows 50000] [--slots 256] [--slot-rows 8000] [--scale 1.0] [--check]

--scale shortens the waiting times of the second part. --check: exit 1 below 95 % busy slots. SEXTANT_PROGRAM names the program otherwise.
"""

import argparse
import heapq
import json
import multiprocessing
import os
import pathlib
import random
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time

REPLY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "A"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 1},
    }
).encode()
MODELS = json.dumps({"object": "list", "data": [{"id": "echo", "owned_by": "test"}]}).encode()


def response(status, body):
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


GOOD, LIST, NONE = response(b"200 OK", REPLY), response(b"200 OK", MODELS), response(b"404 Not Found", b"{}")


def wait_of(number, scale):
    """Between 0.1 and 10 s, heavy-tailed (Pareto, index 1.2): the mean is about 0.5 s."""
    return scale * min(10.0, 0.1 * random.Random(number).paretovariate(1.2)) if scale else 0


def serve(port_out, result_out, scale, slots):
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, None)
    port_out.send(listener.getsockname()[1])
    waiting, number, at_once, busy, busy_last, first, last, since = [], 0, 0, 0.0, 0.0, None, None, None
    partial = {}
    while True:
        timeout = None if not waiting else max(0, waiting[0][0] - time.monotonic())
        events = selector.select(timeout if timeout is not None else 0.5)
        if result_out.poll():
            break
        now = time.monotonic()
        for key, _ in events:
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ, connection)
                continue
            connection = key.fileobj
            try:
                data = connection.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                selector.unregister(connection)
                connection.close()
                partial.pop(connection, None)
                continue
            data = partial.pop(connection, b"") + data
            head = data.find(b"\r\n\r\n")
            if head < 0:
                partial[connection] = data
                continue
            if data.startswith(b"GET"):
                connection.send(LIST if b"/models" in data[:64] else NONE)
                continue
            at = data.find(b"Content-Length: ")
            length = int(data[at + 16 : data.find(b"\r", at)])
            if len(data) < head + 4 + length:
                partial[connection] = data
                continue
            if not data.startswith(b"POST /v1/chat"):
                connection.send(NONE)
                continue
            if first is None:
                first = now
            else:
                busy += min(at_once, slots) * (now - since)
            since = last = now
            busy_last = busy  # until the last request came: what is idle after it is the end of the data
            number += 1
            wait = wait_of(number, scale)
            if wait:
                at_once += 1
                heapq.heappush(waiting, (now + wait, number, connection))
            else:
                connection.send(GOOD)
        while waiting and waiting[0][0] <= now:
            _, _, connection = heapq.heappop(waiting)
            busy += min(at_once, slots) * (now - since)
            since = now
            at_once -= 1
            connection.send(GOOD)
    result_out.send((number, first, last, busy_last))


def run(program, rows, slots, scale):
    context = multiprocessing.get_context("fork")
    port_in, port_out = context.Pipe()
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(port_out, theirs, scale, slots), daemon=True)
    server.start()
    port = port_in.recv()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with open(folder / "rows.jsonl", "w") as out:
            for i in range(rows):
                out.write(json.dumps({"question": "What is the letter of row %d, which is as long as questions are?" % i, "answer": "A"}) + "\n")
        settings = ["base_url=http://127.0.0.1:%d/v1" % port, "model=echo", "requests_in_flight=%d" % slots, "scoring=none"]
        args = [program, "run", "--backend", "openai", "--model-kwargs", *settings, "--custom-dataset-path", "rows.jsonl", "--custom-dataset-infer-method", "gen", "--quiet"]
        begin = time.monotonic()
        done = subprocess.run(args, cwd=folder, capture_output=True, text=True)
        elapsed = time.monotonic() - begin
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit("sextant ended with %d: %s" % (done.returncode, done.stderr[-2000:]))
        record = json.loads(next((folder / "outputs" / "default").iterdir()).joinpath("run.json").read_text())
        peak = max(task["peak_rss_bytes"] for task in record["tasks"])
    ours.send("end")
    number, first, last, busy = ours.recv()
    server.join()
    assert number == rows, (number, rows)
    return {"elapsed": elapsed, "asking": last - first, "busy": busy / (slots * (last - first)), "cpu": used.ru_utime + used.ru_stime, "peak": peak}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("SEXTANT_PROGRAM", "sextant"))
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--slot-rows", type=int, default=8000)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if not shutil.which(options.program):
        print("SKIP: there is no program; SEXTANT_PROGRAM or --program names it")
        sys.exit(77)
    if options.rows:
        got = run(options.program, options.rows, options.slots, 0)
        print("%d requests, none waited for: %.0f requests/s while asking, %.1f s in all, %.1f s of CPU here, peak memory %.0f MiB"
              % (options.rows, options.rows / got["asking"], got["elapsed"], got["cpu"], got["peak"] / 2**20))
    if options.slot_rows:
        got = run(options.program, options.slot_rows, options.slots, options.scale)
        print("%d requests of 0.1 to 10 s (x %g), %d slots: %.1f %% busy until the last one was sent, %.1f s in all"
              % (options.slot_rows, options.scale, options.slots, 100 * got["busy"], got["elapsed"]))
        if options.check and got["busy"] < 0.95:
            sys.exit("fewer than 95 % of the slots were busy")


if __name__ == "__main__":
    main()
