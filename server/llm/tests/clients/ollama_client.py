"""Hears one answer after the other with Ollama's own client, and prints what it heard as a list of JSON."""
import json
import sys

import ollama

url, *whats = sys.argv[1:]
client = ollama.Client(host=url)


def hear(what):
    heard = {"text": "", "calls": {}, "finish": None, "usage": None, "error": None}
    try:
        if what == "embed":
            heard["vectors"] = [list(row) for row in client.embed(model="m", input=["a", "b"]).embeddings]
        elif what == "show":
            heard["context"] = client.show("m").modelinfo["llama.context_length"]
        else:
            for part in client.chat(model="m", messages=[{"role": "user", "content": "x"}], stream=True):
                heard["text"] += part.message.content or ""
                heard["finish"] = part.done_reason or heard["finish"]
                if part.done:
                    heard["usage"] = [part.prompt_eval_count, part.eval_count]
                for call in part.message.tool_calls or []:
                    arguments = json.dumps(dict(call.function.arguments), separators=(",", ":"))
                    heard["calls"][str(len(heard["calls"]))] = ["", call.function.name, arguments]
    except ollama.ResponseError as error:
        heard["error"] = f"ResponseError {error.status_code}"
    return heard


print(json.dumps([hear(what) for what in whats]))
