"""A server as vLLM, llama-server and OpenAI's own look from outside, for tests: on the loopback address, with a model that computes its
replies from the prompt alone, so that every answer can be known beforehand; and with faults on demand.

    with Server(kind="vllm") as server:
        ...  server.base_url, server.requests, server.replies

A reply to a prompt is one of A, B, C, D by the SHA-256 of the question (the last turn, or the prompt's text). Tokens are bytes, ln p of
a token is -1 - (a byte of a hash of what stands before it) / 64.
"""

import hashlib
import http.server
import json
import socket
import ssl
import struct
import threading
import time


def reply_to(question):
    return "ABCD"[hashlib.sha256(question.encode("utf-8")).digest()[0] % 4]


def logprob(ids, i):
    """ln p of ids[i] behind ids[:i]."""
    return -1 - hashlib.sha256(bytes(x % 256 for x in ids[:i]) + bytes([ids[i] % 256])).digest()[0] / 64


BOS = 256


def tokens_of(prompt):
    return list(prompt) if isinstance(prompt, list) else list(prompt.encode("utf-8"))


class Fault:
    """What goes wrong with a request: faults[n] is what happens to the n-th that is asked for a reply; the others go well."""

    BUSY, BUSY_AND_WAIT, FAILURE, GATEWAY, RESET, STALL, HALF_JSON, WRONG_TYPE, HALF_BODY, OTHER_REPLY, ERROR_IN_PLACE, EMPTY = range(12)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, body, content_type="application/json", headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        if self.server.owner.kind == "llama-server":
            self.send_header("Server", "llama.cpp")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, message, code=None, headers=()):
        self.send(status, {"error": {"message": message, "type": "error", "code": code}}, headers=headers)

    def allowed(self):
        owner = self.server.owner
        if owner.key is None:
            return True
        given = self.headers.get("Authorization", "")[7:] or self.headers.get("api-key") or self.headers.get("x-api-key")
        if given == owner.key:
            return True
        self.refuse(401, "Incorrect API key provided: %s" % given, "invalid_api_key")
        return False

    # ---- the providers' batch interfaces --------------------------------------------------------------------------------------

    def answered(self, path, body):
        """(status, body) that this request would get by itself."""
        kept, self.send = [], lambda status, answer, *_, **__: kept.append((status, answer))
        try:
            (self.messages if path.endswith("/messages") else self.chat if path.endswith("/chat/completions") else self.completions)(body)
        finally:
            del self.send
        return kept[0]

    def batch_line(self, number, line):
        """One line of a batch's results, or None where the provider gives none."""
        owner = self.server.owner
        fault = owner.batch_faults.get(number)
        if fault == "left out":
            return None
        ours = "params" in line
        path = "/messages" if ours else line["url"]
        status, answer = (500, {"error": {"message": "overloaded"}}) if fault == "failed" else self.answered(path, line.get("params") or line["body"])
        owner.replies += status == 200
        if ours:
            result = {"type": "succeeded", "message": answer} if status == 200 else {"type": "errored", "error": {"type": "error", "error": {"type": "api_error"}}}
            return {"custom_id": line["custom_id"], "result": result}
        return {"custom_id": line["custom_id"], "response": {"status_code": status, "request_id": "x", "body": answer}, "error": None}

    def make_batch(self, lines):
        owner = self.server.owner
        with owner.lock:
            number = len(owner.batches)
            owner.batches.append({"lines": lines, "looks": 0})
        return "batch_%d" % number

    def batch_state(self, name):
        """(over, batch) of one more look at it."""
        owner = self.server.owner
        with owner.lock:
            batch = owner.batches[int(name.split("_")[1])]
            batch["looks"] += 1
            return batch["looks"] > owner.batch_looks, batch

    def batch_get(self, path):
        owner = self.server.owner
        name = path.split("/")[-1]
        if path.endswith("/content") or path.endswith("/results"):
            batch = owner.batches[int(path.split("/")[-2].split("_")[1])]
            lines = [self.batch_line(i, line) for i, line in enumerate(batch["lines"])]
            text = "".join(json.dumps(line) + "\n" for line in reversed(lines) if line)
            return self.send(200, text.encode("utf-8"), "application/jsonl")
        over, batch = self.batch_state(name)
        if "/messages/" in path:
            more = {"results_url": "http://127.0.0.1:%d%s/results" % (owner.port, path)} if over else {}
            return self.send(200, dict(id=name, processing_status="ended" if over else "in_progress", **more))
        status = owner.batch_end if over else "in_progress"
        counts = {"total": len(batch["lines"]), "completed": len(batch["lines"]) if over else 0, "failed": 0}
        more = {"errors": {"data": [{"message": "Invalid file format"}]}} if status == "failed" else {"output_file_id": name if over else None}
        self.send(200, dict(id=name, status=status, request_counts=counts, **more))

    def batch_post(self, path, raw):
        if path.endswith("/files"):
            boundary = self.headers["Content-Type"].split("boundary=")[1].encode()
            parts = [part.split(b"\r\n\r\n", 1) for part in raw.split(b"--" + boundary)[1:-1]]
            assert b'name="purpose"' in parts[0][0] and parts[0][1].strip() == b"batch", raw[:200]
            self.server.owner.files.append([json.loads(line) for line in parts[1][1].decode("utf-8").splitlines() if line])
            return self.send(200, {"id": "file_%d" % (len(self.server.owner.files) - 1), "object": "file"})
        body = json.loads(raw)
        if path.endswith("/messages/batches"):
            return self.send(200, {"id": self.make_batch(body["requests"]), "processing_status": "in_progress"})
        lines = self.server.owner.files[int(body["input_file_id"].split("_")[1])]
        assert all(line["url"] == body["endpoint"] for line in lines)
        self.send(200, {"id": self.make_batch(lines), "status": "validating"})

    # ---- requests -----------------------------------------------------------------------------------------------------------------

    def do_GET(self):
        owner = self.server.owner
        if not self.allowed():
            return
        path = self.path.split("?")[0]
        if "/batches/" in path or "/files/" in path:
            return self.batch_get(path)
        if path.endswith("/models") and owner.has_models:
            owned = {"vllm": "vllm", "llama-server": "llamacpp"}.get(owner.kind, "openai")
            more = {"max_model_len": owner.context} if owner.kind == "vllm" else {}
            self.send(200, {"object": "list", "data": [dict(id=name, object="model", owned_by=owned, **more) for name in owner.models]})
        elif path == "/props" and owner.kind == "llama-server":
            self.send(200, {"total_slots": 4, "default_generation_settings": {"n_ctx": owner.context}})
        else:
            self.refuse(404, "Not Found")

    def do_POST(self):
        owner = self.server.owner
        path = self.path.split("?")[0]
        if path.endswith(("/files", "/batches")):
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return self.batch_post(path, raw) if self.allowed() else None
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        except ValueError:
            return self.refuse(400, "no JSON")
        if not self.allowed():
            return
        path = self.path.split("?")[0]
        with owner.lock:
            owner.seen.append({"path": self.path, "body": body, "headers": dict(self.headers)})
        if path == "/tokenize" and owner.kind in ("vllm", "llama-server"):
            text = body["content"] if owner.kind == "llama-server" else body["prompt"]
            special = body.get("add_special", body.get("add_special_tokens", True))
            ids = ([BOS] if special else []) + tokens_of(text)
            return self.send(200, {"tokens": ids, "count": len(ids)})
        if path == "/completion" and owner.kind == "llama-server":
            return self.one_token(body)
        for ending, answer in (("/chat/completions", self.chat), ("/messages", self.messages), ("/completions", self.completions)):
            if path.endswith(ending):
                if path.endswith("/completions") and ending == "/completions" and not owner.has_completions:
                    return self.refuse(404, "This is a chat model")
                return self.guarded(body, answer)
        self.refuse(404, "Not Found: %s" % path)

    def one_token(self, body):
        forced = body["logit_bias"][0][0]
        ids = body["prompt"] + [forced]
        value = logprob(ids, len(ids) - 1)
        probabilities = [{"id": forced, "token": "?", "logprob": value, "top_logprobs": [{"id": forced, "logprob": value}]}]
        self.send(200, {"content": "?", "completion_probabilities": probabilities})

    def guarded(self, body, answer):
        owner = self.server.owner
        if str(body.get("prompt", "")).startswith("The capital of France is"):
            return answer(body)  # of the probe: no fault, and it does not count
        with owner.lock:
            number = owner.requests
            owner.requests += 1
            owner.at_once += 1
            owner.most_at_once = max(owner.most_at_once, owner.at_once)
            fault = owner.faults.get(number) if isinstance(owner.faults, dict) else owner.faults(number)
            dead = owner.dies_after is not None and number >= owner.dies_after
        try:
            if dead:
                return self.reset()
            if fault is None:
                if owner.latency:
                    time.sleep(owner.latency(number))
                answer(body)
                with owner.lock:
                    owner.replies += 1
            else:
                self.go_wrong(fault, body, answer)
        finally:
            with owner.lock:
                owner.at_once -= 1

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def go_wrong(self, fault, body, answer):
        key = self.headers.get("Authorization", "")
        if fault == Fault.BUSY:
            self.refuse(429, "Rate limit reached for %s" % key, "rate_limit_exceeded")
        elif fault == Fault.BUSY_AND_WAIT:
            self.refuse(429, "Rate limit reached", "rate_limit_exceeded", headers=[("Retry-After", "1")])
        elif fault == Fault.FAILURE:
            self.refuse(500, "Internal error while serving %s" % key)
        elif fault == Fault.GATEWAY:
            self.send(502, b"<html>Bad Gateway</html>", "text/html")
        elif fault == Fault.RESET:
            self.reset()
        elif fault == Fault.STALL:
            time.sleep(self.server.owner.stall_s)
            self.close_connection = True
        elif fault == Fault.HALF_JSON:
            self.send(200, b'{"choices":[{"message":{"role":"assistant","content":"A')
        elif fault == Fault.WRONG_TYPE:
            self.send(200, b"<html>Sign in</html>", "text/html")
        elif fault == Fault.HALF_BODY:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(b'{"choices":[')
            self.close_connection = True
        elif fault == Fault.OTHER_REPLY:
            own = self.headers.get("X-Request-Id", "")
            other = own[: own.rfind("-") + 1] + "999999"
            self.send(200, self.chat_answer("the wrong reply", "stop", 1), headers=[("x-request-id", other)])
        elif fault == Fault.ERROR_IN_PLACE:
            self.send(200, {"error": {"message": "Upstream error", "code": 502}})
        elif fault == Fault.EMPTY:
            self.send(200, b"")

    # ---- answers ------------------------------------------------------------------------------------------------------------

    def finish(self, body, text):
        """What the model says, cut as the request asks."""
        reason = "stop"
        for stop in body.get("stop") or body.get("stop_sequences") or []:
            if stop in text:
                text = text[: text.index(stop)]
        most = body.get("max_tokens", body.get("max_completion_tokens", 16))
        if len(text.encode("utf-8")) > most:
            text, reason = text.encode("utf-8")[:most].decode("utf-8", "ignore"), "length"
        return text, reason

    def chat_answer(self, text, reason, prompt_tokens, **more):
        message = dict({"role": "assistant", "content": text}, **more)
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": len(text or "") or 1, "prompt_tokens_details": {"cached_tokens": 1}},
        }

    def chat(self, body):
        owner = self.server.owner
        question = body["messages"][-1]["content"]
        length = sum(len(str(message["content"])) for message in body["messages"])
        if owner.context and length + body.get("max_tokens", 0) > owner.context:
            message = "This model's maximum context length is %d tokens. However, you requested %d tokens." % (owner.context, length)
            return self.refuse(400, message, "context_length_exceeded")
        text, reason = self.finish(body, owner.says(question, body))
        if owner.withholds(question):
            text, reason = "", "content_filter"
        more = {"reasoning_content": "I think."} if owner.thinks else {}
        self.send(200, self.chat_answer(text, reason, length, **more))

    def messages(self, body):
        owner = self.server.owner
        text, _ = self.finish(body, owner.says(body["messages"][-1]["content"], body))
        blocks = [{"type": "text", "text": text}]
        self.send(200, {"type": "message", "content": blocks, "stop_reason": "end_turn", "usage": {"input_tokens": 7, "output_tokens": 1}})

    def completions(self, body):
        owner = self.server.owner
        prompt = body["prompt"]
        special = [] if isinstance(prompt, list) or not body.get("add_special_tokens", True) else [BOS]
        ids = special + tokens_of(prompt)
        text, reason = self.finish(body, owner.says(prompt if isinstance(prompt, str) else "", body))
        choice = {"index": 0, "text": text, "finish_reason": reason}
        if body.get("echo") and owner.echoes:
            names = ["<s>" if i == BOS else "bytes:\\x%02x" % i if i > 127 else chr(i) for i in ids] + list(text)
            values = [None] + [logprob(ids, i) for i in range(1, len(ids))] + [-0.5] * len(text)
            top = [None] + [{"?": value} for value in values[1:]]
            choice["text"] = (prompt if isinstance(prompt, str) else "") + text
            choice["logprobs"] = {"tokens": names, "token_logprobs": values, "top_logprobs": top, "text_offset": []}
        if "prompt_logprobs" in body and owner.kind == "vllm":
            entry = lambda i: {str(ids[i]): {"logprob": logprob(ids, i), "rank": 1, "decoded_token": "?"}}
            choice["prompt_logprobs"] = [None] + [entry(i) for i in range(1, len(ids))]
        self.send(200, {"id": "cmpl-1", "choices": [choice], "usage": {"prompt_tokens": len(ids), "completion_tokens": len(text)}})


class HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # a client that hung up


class Server:
    def __init__(self, kind="openai", models=("toy",), key=None, context=0, faults=None, latency=None, port=0, tls=None):
        self.kind, self.models, self.key, self.context = kind, list(models), key, context
        self.faults, self.latency = faults or {}, latency
        self.has_models = self.has_completions = self.echoes = True
        self.thinks, self.stall_s, self.dies_after = False, 5, None
        self.files, self.batches, self.batch_faults, self.batch_looks, self.batch_end = [], [], {}, 2, "completed"
        self.withholds = lambda question: False
        self.says = lambda question, body: reply_to(question)
        self.seen, self.requests, self.replies, self.at_once, self.most_at_once = [], 0, 0, 0, 0
        self.lock = threading.Lock()
        self.http = HttpServer(("127.0.0.1", port), Handler)
        self.http.owner = self
        self.port = self.http.server_address[1]
        self.base_url = "http://127.0.0.1:%d/v1" % self.port
        if tls:  # the files of a certificate and of its key
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.base_url = "https://localhost:%d/v1" % self.port
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.http.shutdown()
        self.http.server_close()

    def bodies(self, ending="/chat/completions"):
        with self.lock:
            return [one["body"] for one in self.seen if one["path"].split("?")[0].endswith(ending)]
