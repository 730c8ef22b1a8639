"""What a program reads of an answer."""

import json

KEY = "sk-caller-key"

# A client waits for so long, in seconds.
PATIENCE = 4

PROMPT = "What is the weather in Paris?"

MESSAGES = [{"role": "user", "content": PROMPT}]

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}

TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather", "parameters": PARAMETERS},
}

# The words of a finish that others have for what OpenAI calls so.
FINISHES = {"tool_call": "tool_calls"}


def body(task):
    """The request as OpenAI's API has it."""
    made = {"model": task["model"], "messages": MESSAGES}
    if task["stream"]:
        made["stream"] = True
    if task["tools"]:
        made["tools"] = [TOOL]
    if task["n"] > 1:
        made["n"] = task["n"]
    if task["usage"]:
        made["stream_options"] = {"include_usage": True}
    return made


class Seen:
    def __init__(self):
        self.choices = {}
        self.usage = None
        self.error = None
        # What the client does not show at all.
        self.hidden = set()

    def hides(self, *names):
        self.hidden.update(names)

    def choice(self, index=0):
        return self.choices.setdefault(index, {"text": "", "finish": None, "calls": {}})

    def text(self, text, index=0):
        self.choice(index)["text"] += text or ""

    def finish(self, finish, index=0):
        self.choice(index)["finish"] = FINISHES.get(finish, finish) or self.choice(index)["finish"]

    def call(self, name, arguments, at=0, index=0):
        one = self.choice(index)["calls"].setdefault(at, ["", ""])
        one[0] += name or ""
        one[1] += arguments or ""

    def counts(self, prompt, completion, total=None):
        self.usage = [prompt, completion, prompt + completion if total is None else total]

    def add(self, piece):
        """An answer or a chunk, as parsed JSON; other events are skipped."""
        usage = piece.get("usage")
        if usage:
            self.counts(usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"])
        for choice in piece.get("choices") or []:
            said = choice.get("delta") or choice.get("message") or {}
            index = choice.get("index") or 0
            self.text(said.get("content"), index)
            self.finish(choice.get("finish_reason"), index)
            for at, call in enumerate(said.get("tool_calls") or []):
                function = call.get("function") or {}
                at = at if call.get("index") is None else call["index"]
                self.call(function.get("name"), function.get("arguments"), at, index)

    def events(self, lines):
        """The lines of an event stream, read by hand."""
        for line in lines:
            if not line.startswith("data: "):
                continue
            data = line[len("data: ") :].strip()
            if data == "[DONE]":
                return
            self.add(json.loads(data))

    def fail(self, error):
        status = getattr(error, "status_code", None)
        if status is None:
            status = getattr(getattr(error, "response", None), "status_code", None)
        if status is None:
            status = getattr(error, "status", None)
        status = status if isinstance(status, int) and status != 200 else None
        self.error = {"class": type(error).__name__, "status": status, "message": str(error)}

    def shown(self):
        made = {"choices": [self.shown_choice(self.choices[at]) for at in sorted(self.choices)], "error": self.error}
        if "usage" not in self.hidden:
            made["usage"] = self.usage
        return made

    def shown_choice(self, choice):
        calls = [choice["calls"][at] for at in sorted(choice["calls"])]
        made = {"text": choice["text"], "finish": choice["finish"], "calls": calls}
        return {key: value for key, value in made.items() if key not in self.hidden}
