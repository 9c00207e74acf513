"""A server with OpenAI's `/v1/embeddings` whose model counts words: texts that share words are near each other, and a
text always becomes the same vector. Prints its port when it listens.

    embeddings_double.py [--port N]
"""

import argparse
import json
import re
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIMENSIONS = 128


def vector(text):
    # Something of every text is the same, so that none is without a direction.
    numbers = [0.01] * DIMENSIONS
    for word in re.findall(r"[a-z]+", text.lower()):
        numbers[zlib.crc32(word.encode()) % DIMENSIONS] += 1.0
    return numbers


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.path != "/v1/embeddings":
            return self.answer(404, {"error": {"message": f"no {self.path}", "type": "invalid_request_error"}})
        rows = [{"object": "embedding", "index": at, "embedding": vector(text)} for at, text in enumerate(asked["input"])]
        usage = {"prompt_tokens": len(rows), "total_tokens": len(rows)}
        return self.answer(200, {"object": "list", "data": rows, "model": asked["model"], "usage": usage})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        # Clients are killed in the tests; only what is wrong here is to be seen.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    server = Server(("127.0.0.1", options.parse_args().port), Handler)
    print(f"PORT {server.server_address[1]}", flush=True)
    server.serve_forever()
