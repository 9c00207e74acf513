"""Hears one answer after the other with OpenAI's own client, and prints what it heard as a list of JSON."""
import json
import sys

import openai

url, *whats = sys.argv[1:]
client = openai.OpenAI(base_url=url, api_key="test", max_retries=0)


def hear(what):
    heard = {"text": "", "calls": {}, "finish": None, "usage": None, "error": None}
    try:
        if what == "embed":
            answer = client.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
            heard["vectors"] = [row.embedding for row in answer.data]
        else:
            stream = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "x"}], stream=True
            )
            for chunk in stream:
                if chunk.usage:
                    heard["usage"] = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens]
                for choice in chunk.choices:
                    heard["text"] += choice.delta.content or ""
                    heard["finish"] = choice.finish_reason or heard["finish"]
                    for call in choice.delta.tool_calls or []:
                        known = heard["calls"].setdefault(str(call.index), ["", "", ""])
                        known[0] += call.id or ""
                        known[1] += call.function.name or ""
                        known[2] += call.function.arguments or ""
    except openai.APIError as error:
        heard["error"] = type(error).__name__
    return heard


print(json.dumps([hear(what) for what in whats]))
