"""Components of Sextant as Python functions: decorate one, and call run().

    from sextant_plugin import metric, run

    @metric
    def overlap(prediction: str, reference: str, *, lower: bool = True) -> float:
        ...

    run()

In a configuration {"type": "command", "command": ["python3", "FILE"], "config": {"lower": false}} is that metric. What stands in front of the
"*" is what the component gets, as it needs it; what stands behind is its configuration, checked by the type hints. `python3 -m sextant_plugin
check FILE` tries a file. The protocol beneath is docs/protocol.md of Sextant.
"""

import difflib
import inspect
import json
import sys
import traceback
import typing

PROTOCOL = 1

# kind -> (the call, what an item holds)
KINDS = {
    "metric": ("score", ("prediction", "reference", "record")),
    "postprocessor": ("extract", ("text", "record", "attempts", "attempt")),
    "template": ("render", ("record", "shots", "form", "output_column")),
    "inferencer": ("step", ("sample", "prompts", "settings", "rounds")),
    "retriever": ("retrieve", ("record", "text", "corpus", "k", "row", "own_row", "seed")),
    "model": ("generate", ("messages", "prompt", "max_new_tokens", "temperature", "top_p", "top_k", "seed", "stop")),
    "dataset": ("read", ("path",)),
}
NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}

_registered = None


class Component:
    def __init__(self, kind, function, **more):
        self.kind, self.function, self.more = kind, function, more
        self.name = function.__name__
        self.config, self.rows, self.corpus = {}, None, []
        parameters = inspect.signature(function).parameters.values()
        self.arguments = [p.name for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD]
        self.settings = {p.name: p for p in parameters if p.kind == p.KEYWORD_ONLY}
        hints = typing.get_type_hints(function)
        self.types = {name: hints.get(name, object) for name in self.settings}
        known = KINDS[kind][1]
        for name in self.arguments:
            if name not in known:
                raise TypeError("%s: a %s can get %s; '%s' is not one of these (settings stand behind a *)" % (self.name, kind, ", ".join(known), name))

    def schema(self):
        """JSON Schema of the settings."""
        properties, required = {}, []
        for name, parameter in self.settings.items():
            kind = NAMES.get(typing.get_origin(self.types[name]) or self.types[name])
            properties[name] = {"type": kind} if kind else {}
            if parameter.default is parameter.empty:
                required.append(name)
            else:
                properties[name]["default"] = parameter.default
        out = {"type": "object", "properties": properties, "additionalProperties": False}
        return dict(out, required=required) if required else out

    def configure(self, config):
        path = config.pop("path", None) if self.kind == "dataset" and "path" not in self.settings else None
        for key, value in config.items():
            if key not in self.settings:
                near = difflib.get_close_matches(key, self.settings, 1)
                raise ValueError("unknown key '%s'%s; known here: %s" % (key, "; did you mean '%s'?" % near[0] if near else "", ", ".join(self.settings) or "none"))
            wanted = typing.get_origin(self.types[key]) or self.types[key]
            fits = isinstance(value, wanted) if wanted in NAMES else True
            if wanted is float:
                fits = isinstance(value, (int, float))
            if wanted in (int, float) and isinstance(value, bool):
                fits = False
            if not fits:
                raise ValueError("'%s' is %s; it must be of type %s" % (key, json.dumps(value), NAMES[wanted]))
        for name, parameter in self.settings.items():
            if parameter.default is parameter.empty and name not in config:
                raise ValueError("'%s' is missing" % name)
        self.config = config
        if self.kind == "dataset":
            self.splits = self.function(*([path] if self.arguments else []), **config)
            if not isinstance(self.splits, dict):
                self.splits = {"test": self.splits}
            self.splits = {name: list(rows) for name, rows in self.splits.items()}

    def one(self, item, shared):
        values = dict(item, **shared) if shared else item
        result = self.function(*[values.get(name) for name in self.arguments], **self.config)
        if self.kind == "metric" and isinstance(result, float) and result != result:
            return None  # JSON has no NaN: there is no score of this sample
        if self.kind == "model" and isinstance(result, str):
            return {"text": result}
        return result

    # ---- calls ---------------------------------------------------------------------------------------------------------------

    def answer(self, call, message):
        if call == "hello":
            if message.get("protocol") != PROTOCOL:
                raise ValueError("this program speaks protocol %d" % PROTOCOL)
            if message["kind"] != self.kind:
                raise ValueError("%s is a %s, and a %s is wanted" % (self.name, self.kind, message["kind"]))
            self.configure(message.get("config") or {})
            about = {"name": self.name, "kind": self.kind, "schema": self.schema(), "protocol": PROTOCOL}
            if self.more.get("aggregate"):
                about["aggregate"] = True
            if self.more.get("logprobs"):
                about["score"] = True
            return {"result": about}
        if call == KINDS[self.kind][0] and "items" in message:
            shared = {"k": message["k"], "corpus": self.corpus} if self.kind == "retriever" else {}
            return {"results": [self.guarded(self.one, item, shared) for item in message["items"]]}
        if call == "logprobs" and self.more.get("logprobs"):
            give = lambda item: self.more["logprobs"](item.get("messages") or item.get("prompt", ""), item["continuations"])
            return {"results": [self.guarded(give, item) for item in message["items"]]}
        if call == "aggregate" and self.more.get("aggregate"):
            return {"result": self.more["aggregate"](message["samples"], message["scores"])}
        if call == "prepare" and self.kind == "retriever":
            self.corpus = message["corpus"]
            return {"result": True}
        if self.kind == "dataset":
            if call == "describe":
                first = next((rows[0] for rows in self.splits.values() if rows), {})
                return {"result": {"splits": {name: len(rows) for name, rows in self.splits.items()}, "fields": list(first), "files": []}}
            rows = self.splits.get(message["split"])
            if rows is None:
                raise ValueError("there is no split '%s'; there are: %s" % (message["split"], ", ".join(self.splits)))
            if call == "count":
                return {"result": len(rows)}
            if call == "read":
                return {"result": rows[message["first"] : message["first"] + message["n"]]}
        raise ValueError("a %s has no call '%s'" % (self.kind, call))

    @staticmethod
    def guarded(function, *arguments):
        """What is wrong with one item is said of that item."""
        try:
            return function(*arguments)
        except Exception as error:
            traceback.print_exc()
            return said(error)


def _decorator(kind):
    def decorate(function=None, **more):
        def register(function):
            global _registered
            if _registered is not None:
                raise TypeError("a file is one component; %s and %s are two" % (_registered.name, function.__name__))
            _registered = Component(kind, function, **more)
            return function

        return register(function) if function is not None else register

    decorate.__name__ = kind
    decorate.__doc__ = "Makes a %s of a function of %s, as it needs them." % (kind, ", ".join(KINDS[kind][1]))
    return decorate


metric = _decorator("metric")
postprocessor = _decorator("postprocessor")
template = _decorator("template")
inferencer = _decorator("inferencer")
retriever = _decorator("retriever")
model = _decorator("model")
dataset = loader = _decorator("dataset")


def ask(prompt_or_messages, **sampling):
    """A step of an inferencer: asks the model for a reply."""
    key = "text" if isinstance(prompt_or_messages, str) else "messages"
    return {"ask": [dict({"ask": "generate", key: prompt_or_messages}, **({"sampling": sampling} if sampling else {}))]}


def done(prediction, **more):
    """The last step of an inferencer."""
    return {"done": dict({"prediction": prediction}, **more)}


def said(error):
    """An exception as an answer has it."""
    if isinstance(error, FileNotFoundError):
        return {"error": str(error), "error_kind": "missing"}
    return {"error": str(error) if isinstance(error, ValueError) else "%s: %s" % (type(error).__name__, error)}


def registered():
    if _registered is None:
        raise SystemExit("no function is decorated; write @metric (or @postprocessor, @dataset, ...) over one")
    return _registered


def run():
    """Answers lines on standard input until there are no more. What the functions print goes to standard error."""
    component = registered()
    lines, out = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for line in lines:
        message = json.loads(line)
        try:
            answer = component.answer(message["call"], message)
        except Exception as error:
            if not isinstance(error, (ValueError, FileNotFoundError)):
                traceback.print_exc()
            answer = said(error)
        out.write(('{"id":%d,' % message["id"] + dumps(answer)[1:] + "\n").encode("utf-8", "replace"))
        out.flush()
