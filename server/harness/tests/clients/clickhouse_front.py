"""The HTTP interface of ClickHouse before its real engine (chDB), for tests.

usage: clickhouse_front.py FOLDER [PORT]

Keeps the engine's data in FOLDER, so that a front that was killed can be started on it again. Says
`listening PORT` on standard output. It hands SQL and data on to the engine and adds nothing:

* the query comes in the URL, in the body or as a field of a form; data of an INSERT follows it;
* settings of the URL are set for the one query and taken back before the next that lacks them; `param_x` are parameters;
* the engine in process has no connection to read the data of `INSERT … SELECT … FROM input(…)`
  from, so the body is put into a file and the engine's `file(…)` reads it, as `input` would;
* the process list is asked of the engine, where one query runs at a time.
"""

import gzip
import http.server
import os
import re
import struct
import sys
import tempfile
import threading
import urllib.parse
import zlib

import lz4.block
import lz4.frame
from chdb import session

# What the URL says that is not a setting of the engine.
NOT_SETTINGS = {
    "query", "database", "default_format", "user", "password", "query_id", "session_id", "compress",
    "decompress", "role", "session_timeout", "session_check", "client_protocol_version", "quota_key",
    "wait_end_of_query", "buffer_size", "http_response_buffer_size", "enable_http_compression",
    "http_zlib_compression_level", "cancel_http_readonly_queries_on_client_close",
    "send_progress_in_http_headers", "http_headers_progress_interval_ms",
}
INSERT = re.compile(rb"\s*INSERT\s", re.I)
FORMAT = re.compile(r"\sFORMAT\s+(\w+)\s*;?\s*$", re.I)
INPUT = re.compile(r"\binput\s*\(", re.I)
CODE = re.compile(r"Code: (\d+)")


def blocks(data):
    """Undoes the compression of the native protocol: a checksum, then a block, one after another."""
    at, whole = 0, b""
    while at < len(data):
        method, size, raw = struct.unpack_from("<BII", data, at + 16)
        body = data[at + 25 : at + 16 + size]
        if method == 0x82:
            whole += lz4.block.decompress(body, uncompressed_size=raw)
        elif method == 0x02:
            whole += body
        else:
            raise ValueError(f"blocks of method {method:#x} are not understood")
        at += 16 + size
    return whole


def unpacked(data, encoding):
    if encoding == "gzip":
        return gzip.decompress(data)
    if encoding == "deflate":
        return zlib.decompress(data)
    if encoding == "lz4":
        return lz4.frame.decompress(data)
    return data


def form(data, boundary):
    """The fields of a multipart form."""
    fields = {}
    for part in data.split(b"--" + boundary)[1:-1]:
        head, _, value = part.strip(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name:
            fields[name.group(1).decode()] = value
    return fields


class Engine:
    def __init__(self, folder):
        self.session = session.Session(folder)
        self.one_at_a_time = threading.Lock()
        self.database = None
        self.settings = {}

    def prepare(self, database, settings):
        """Has the session be as a new one would be with these settings."""
        if database != self.database:
            self.database = None
            self.session.query(f"USE `{database}`")
            self.database = database
        for name in [name for name in self.settings if name not in settings]:
            del self.settings[name]
            self.session.query(f"SET {name} = DEFAULT")
        for name, value in settings.items():
            if self.settings.get(name) == value:
                continue
            if not re.fullmatch(r"\w+", name):
                raise RuntimeError("Code: 115. DB::Exception: no such setting")
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            self.session.query(f"SET {name} = '{escaped}'")
            self.settings[name] = value

    def run(self, arguments, body):
        """The bytes of an answer and the format they are in."""
        query = arguments.get("query", "").encode()
        if query and body:
            # As the real server does, the query and what follows it are one text.
            query, body = query + b"\n", body
        else:
            query, body = query + body, b""
        insert = INSERT.match(query)
        sql = query.decode()
        parameters = {k[6:]: v for k, v in arguments.items() if k.startswith("param_")}
        settings = {k: v for k, v in arguments.items() if k not in NOT_SETTINGS and not k.startswith("param_")}
        with self.one_at_a_time:
            self.prepare(arguments.get("database", "default"), settings)
            if insert and (body or FORMAT.search(sql)):
                return self.insert(sql, body), "TabSeparated"
            wanted = FORMAT.search(sql)
            wanted = wanted.group(1) if wanted else arguments.get("default_format", "TabSeparated")
            sql = FORMAT.sub("", sql)
            return self.session.query(sql, wanted, params=parameters or None).bytes() or b"", wanted

    def insert(self, sql, data):
        told = FORMAT.search(sql)
        wanted, sql = (told.group(1), FORMAT.sub("", sql)) if told else ("Values", sql)
        if not INPUT.search(sql):
            inserter = self.session.send_insert(sql, wanted)
            if data:
                inserter.append(data)
            inserter.finish()
            return b""
        with tempfile.NamedTemporaryFile(suffix=".input") as file:
            file.write(data)
            file.flush()
            sql = INPUT.sub(f"file('{file.name}', '{wanted}', ", sql)
            self.session.query(sql, "TabSeparated")
        return b""


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            whole = b""
            while True:
                line = self.rfile.readline()
                if not line:
                    raise ConnectionError("the body ended early")
                size = int(line.split(b";")[0], 16)
                piece = self.rfile.read(size)
                if len(piece) < size:
                    raise ConnectionError("the body ended early")
                self.rfile.readline()
                if size == 0:
                    return whole
                whole += piece
        size = int(self.headers.get("Content-Length", 0))
        whole = self.rfile.read(size)
        if len(whole) < size:
            raise ConnectionError("the body ended early")
        return whole

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        arguments = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        try:
            body = self.body()
        except (ConnectionError, ValueError):
            self.close_connection = True
            return
        if url.path == "/ping":
            return self.say(200, b"Ok.\n", {})
        try:
            body = unpacked(body, self.headers.get("Content-Encoding"))
            if arguments.get("decompress") == "1":
                body = blocks(body)
            kind = self.headers.get("Content-Type", "")
            if kind.startswith("multipart/form-data"):
                fields = form(body, kind.partition("boundary=")[2].encode())
                arguments.update({k: v.decode() for k, v in fields.items()})
                body = b""
            data, wanted = self.server.engine.run(arguments, body)
        except Exception as error:  # whatever the engine says is the client's to read
            text = str(error)
            code = CODE.search(text)
            code = code.group(1) if code else "1002"
            return self.say(500, text.encode(), {"X-ClickHouse-Exception-Code": code})
        self.say(200, data, {"X-ClickHouse-Format": wanted, "X-ClickHouse-Timezone": "UTC"})

    def say(self, status, data, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        # Clients are killed in the tests; only what is wrong here is to be seen.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    folder = sys.argv[1]
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    os.environ.setdefault("TZ", "UTC")
    server = Server(("127.0.0.1", port), Front)
    server.engine = Engine(folder)
    print(f"listening {server.server_address[1]}", flush=True)
    server.serve_forever()


main()
