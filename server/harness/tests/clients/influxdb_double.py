"""A double of InfluxDB 2: writes, Flux queries, deletes, buckets, tasks and tokens with scopes.

It keeps points in memory (and in a file, if it is given one, so that it survives being killed) and
answers exactly the Flux that Tocsin writes, by a small interpreter: from, range, filter, keep, drop, group,
sort, limit, first, last, min, max, sum, count, mean, aggregateWindow, set, pivot and to. Anything else is an error,
never a guess. What it does not know of the real engine it refuses.

    influxdb_double.py --port 0 [--file F]

prints "PORT n" once it listens. Beside InfluxDB's own paths there is /double/…: faults on demand, the clock,
tokens, and running the tasks.
"""

import argparse
import base64
import gzip
import json
import re
import sys
import threading
import time
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

NS_MIN, NS_MAX = -(2**63) + 2, 2**63 - 2
UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 10**9}
DURATIONS = {**UNITS, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9, "w": 7 * 86_400 * 10**9}
ORG, ORG_ID = "tocsin", "0000000000000001"
LOCK = threading.RLock()


class Refused(Exception):
    def __init__(self, status, code, message, headers=()):
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def invalid(message):
    return Refused(400, "invalid", message)


# --- line protocol -----------------------------------------------------------------------------


PLAIN = {", ": re.compile(r"(?:\\[,= ]|[^, ])*"), "=, ": re.compile(r"(?:\\[,= ]|[^=, ])*")}
TEXT = re.compile(r'"((?:\\.|[^"\\])*)"', re.S)


def scan(line, at, ends):
    """The place of the first of `ends` that has no backslash before it."""
    return PLAIN[ends].match(line, at).end()


def unescape(text):
    return re.sub(r"\\([,= ])", r"\1", text)


def field_value(line, at):
    if line[at : at + 1] == '"':
        match = TEXT.match(line, at)
        if not match:
            raise ValueError("unbalanced quotes")
        text = re.sub(r'\\(["\\])', r"\1", match[1])
        if len(text.encode()) > 64 * 1024:
            raise ValueError("a string field has over 64 KiB")
        return text, match.end()
    end = scan(line, at, ", ")
    word = line[at:end]
    if re.fullmatch(r"-?\d+i", word):
        number = int(word[:-1])
        if not -(2**63) <= number < 2**63:
            raise ValueError("integer out of range")
        return number, end
    if word in ("t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"):
        return word[0] in "tT", end
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", word):
        raise ValueError(f"invalid number `{word}`")
    number = float(word)
    if number in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return number, end


def parse_line(line, unit, now):
    at = scan(line, 0, ", ")
    measurement = unescape(line[:at])
    if not measurement:
        raise ValueError("missing measurement")
    tags = {}
    while line[at : at + 1] == ",":
        equals = scan(line, at + 1, "=, ")
        end = scan(line, equals + 1, "=, ")
        name, value = unescape(line[at + 1 : equals]), unescape(line[equals + 1 : end])
        if line[equals : equals + 1] != "=" or line[end : end + 1] == "=" or not name or not value:
            raise ValueError("invalid tag format")
        if name in ("time", "_field", "_measurement"):
            raise ValueError(f"the tag key `{name}` is reserved")
        if name in tags:
            raise ValueError("duplicate tags")
        tags[name] = value
        at = end
    if at > 65_535:
        raise ValueError("max key length exceeded")
    while line[at : at + 1] == " ":
        at += 1
    fields = {}
    while True:
        equals = scan(line, at, "=, ")
        if line[equals : equals + 1] != "=":
            raise ValueError("missing field value")
        value, end = field_value(line, equals + 1)
        fields[unescape(line[at:equals])] = value
        at = end
        if line[at : at + 1] != ",":
            break
        at += 1
    rest = line[at:].strip(" ")
    when = int(rest) * unit if rest else now
    if not NS_MIN <= when <= NS_MAX:
        raise ValueError("time outside range -9223372036854775806 - 9223372036854775806")
    return measurement, tags, fields, when


# --- what is kept ------------------------------------------------------------------------------


class Store:
    """Buckets of series: key (measurement, tags, field) to a map of time and value."""

    def __init__(self, path=None):
        self.buckets, self.tasks, self.path = {}, {}, path
        self.tokens = {"admin": None}  # None: everything. Else a set of (action, kind, name or None).
        self.faults, self.clock_ns, self.writes, self.queries, self.deletes = [], None, 0, 0, 0
        self.body_bytes_max = None
        self.last_ns = 0
        if path:
            try:
                with open(path, encoding="utf-8") as file:
                    for line in file:
                        if line.endswith("\n"):
                            self.apply(json.loads(line))
            except FileNotFoundError:
                pass
            self.file = open(path, "a", encoding="utf-8")

    def apply(self, change):
        kind = change["kind"]
        if kind == "bucket":
            bucket = self.buckets.setdefault(change["name"], {"id": change["id"], "series": {}, "types": {}})
            bucket["seconds"] = change["seconds"]
        elif kind == "points":
            bucket = self.buckets[change["bucket"]]
            for measurement, tags, fields, when in change["points"]:
                for name, value in fields.items():
                    key = (measurement, tuple(sorted(tags.items())), name)
                    bucket["series"].setdefault(key, {})[when] = value
                    bucket["types"].setdefault((measurement, name), type(value))
        elif kind == "delete":
            series = self.buckets[change["bucket"]]["series"]
            for key in list(series):
                tags = dict(key[1])
                has = lambda name: key[0] if name == "_measurement" else tags.get(name, "")
                if all(has(name) == value for name, value in change["equal"]):
                    points = series[key]
                    for when in [when for when in points if change["start"] <= when <= change["stop"]]:
                        del points[when]
                    if not points:
                        del series[key]
        elif kind == "task":
            self.tasks[change["id"]] = {"id": change["id"], "orgID": ORG_ID, "org": ORG, "ownerID": "0000000000000002", "name": change["name"], "flux": change["flux"], "status": change["status"], "every": "1h"}

    def change(self, change):
        if self.path:
            self.file.write(json.dumps(change) + "\n")
            self.file.flush()
        self.apply(change)

    def now(self):
        """Its own clock, which never says the same twice."""
        self.last_ns = max(self.last_ns + 1, self.clock_ns or time.time_ns())
        return self.last_ns

    def bucket(self, name):
        if name not in self.buckets:
            raise Refused(404, "not found", f'bucket "{name}" not found')
        return self.buckets[name]

    def may(self, token, action, kind, name=None):
        if token not in self.tokens:
            raise Refused(401, "unauthorized", "unauthorized access")
        scopes = self.tokens[token]
        return scopes is None or (action, kind, None) in scopes or (action, kind, name) in scopes

    def write(self, name, unit, body, token):
        bucket = self.bucket(name)
        if not self.may(token, "write", "buckets", name):
            raise Refused(403, "forbidden", "insufficient permissions for write")
        if not body:
            raise invalid("writing requires points")
        now = self.now()
        oldest = now - bucket["seconds"] * 10**9 if bucket["seconds"] else NS_MIN
        taken, old, conflict = [], 0, []
        for line in body.split("\n"):
            line = line.strip("\r ")
            if not line or line.startswith("#"):
                continue
            try:
                measurement, tags, fields, when = parse_line(line, unit, now)
            except ValueError as error:
                raise invalid(f"unable to parse '{line[:200]}': {error}") from error
            if when < oldest:
                old += 1
                continue
            types = [bucket["types"].get((measurement, field), type(value)) is type(value) for field, value in fields.items()]
            if not all(types):
                conflict.append(measurement)
                continue
            taken.append((measurement, tags, fields, when))
        if taken:
            self.change({"kind": "points", "bucket": name, "points": taken})
        if conflict:
            raise Refused(422, "unprocessable entity", f"failure writing points to database: partial write: field type conflict: measurement {conflict[0]} dropped={len(conflict)}")
        if old:
            raise Refused(422, "unprocessable entity", f"failure writing points to database: partial write: dropped {old} points outside retention policy of duration {bucket['seconds']}s")


# --- Flux --------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"""\s+|//[^\n]*
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)
    |(?P<duration>(?:\d+(?:ns|us|µs|ms|mo|s|m|h|d|w|y))+)
    |(?P<float>\d+\.\d+)
    |(?P<int>\d+)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<op>\|>|=>|==|!=|<=|>=|[-+*/<>(){}\[\],:.=])""",
    re.X,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def tokens_of(text):
    at, found = 0, []
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise invalid(f"error in query: unexpected `{text[at:at + 20]}`")
        at = match.end()
        if match.lastgroup:
            found.append((match.lastgroup, match.group()))
    return found + [("end", "")]


def text_of(token):
    unescaped = re.sub(r"\\x([0-9a-fA-F]{2})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else ESCAPES[m[2]], token[1:-1])
    return unescaped


def duration_of(token):
    return sum(int(number) * DURATIONS[unit] for number, unit in re.findall(r"(\d+)(ns|us|µs|ms|s|m|h|d|w)", token))


class Parser:
    """A recursive descent into trees: ("call", name, arguments, piped from)."""

    def __init__(self, text):
        self.tokens, self.at = tokens_of(text), 0

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def next(self):
        token = self.peek()
        self.at += 1
        return token

    def take(self, text):
        kind, found = self.next()
        if found != text:
            raise invalid(f"error in query: expected `{text}`, found `{found}`")

    def has(self, text):
        if self.peek()[1] == text and self.peek()[0] in ("op", "name"):
            self.at += 1
            return True
        return False

    def statements(self):
        found = []
        while self.peek()[0] != "end":
            if self.has("option"):
                name = self.next()[1]
                self.take("=")
                found.append(("option", name, self.expression()))
            else:
                found.append(("rows", self.expression()))
        return found

    def expression(self):
        left = self.conjunction()
        while self.has("or"):
            left = ("or", left, self.conjunction())
        return left

    def conjunction(self):
        left = self.comparison()
        while self.has("and"):
            left = ("and", left, self.comparison())
        return left

    def comparison(self):
        left = self.piped()
        for operator in ("==", "!=", "<=", ">=", "<", ">"):
            if self.has(operator):
                return (operator, left, self.piped())
        return left

    def piped(self):
        left = self.unary()
        while self.has("|>"):
            name, arguments = self.call(self.next()[1])
            left = ("call", name, arguments, left)
        return left

    def call(self, name):
        arguments = {}
        self.take("(")
        while not self.has(")"):
            key = self.next()[1]
            self.take(":")
            arguments[key] = self.expression()
            self.has(",")
        return name, arguments

    def unary(self):
        if self.has("-"):
            return ("negative", self.unary())
        return self.member(self.primary())

    def member(self, left):
        while True:
            if self.peek()[1] == "." and self.peek()[0] == "op":
                self.at += 1
                left = ("member", left, self.next()[1])
            elif self.peek()[1] == "[":
                self.at += 1
                left = ("member", left, text_of(self.next()[1]))
                self.take("]")
            else:
                return left

    def primary(self):
        kind, text = self.next()
        if kind == "string":
            return ("literal", text_of(text))
        if kind == "int":
            return ("literal", int(text))
        if kind == "float":
            return ("literal", float(text))
        if kind == "duration":
            return ("duration", duration_of(text))
        if kind == "time":
            return ("time", time_of(text))
        if text == "[":
            items = []
            while not self.has("]"):
                items.append(self.expression())
                self.has(",")
            return ("array", items)
        if text == "{":
            record = {}
            while not self.has("}"):
                key = self.next()[1]
                self.take(":")
                record[key] = self.expression()
                self.has(",")
            return ("record", record)
        if text == "(":
            if self.peek()[0] == "name" and self.peek(1)[1] == ")" and self.peek(2)[1] == "=>":
                name = self.next()[1]
                self.take(")")
                self.take("=>")
                return ("function", name, self.expression())
            inside = self.expression()
            self.take(")")
            return inside
        if kind == "name":
            if self.peek()[1] == "(":
                name, arguments = self.call(text)
                return ("call", name, arguments, None)
            return ("name", text)
        raise invalid(f"error in query: unexpected `{text}`")


def time_of(text):
    date, _, clock = text.partition("T")
    clock, _, fraction = clock.rstrip("Z").partition(".")
    moment = datetime.fromisoformat(f"{date}T{clock or '00:00:00'}").replace(tzinfo=timezone.utc)
    return int(moment.timestamp()) * 10**9 + int((fraction + "0" * 9)[:9] or 0)


def rfc3339(ns):
    seconds, nanos = divmod(ns, 10**9)
    days, second = divmod(seconds, 86_400)
    # datetime has no years before 1; ours are 1677 to 2262.
    day = datetime.fromordinal(719_163 + days)
    fraction = f".{nanos:09}".rstrip("0") if nanos else ""
    return f"{day.year:04}-{day.month:02}-{day.day:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{fraction}Z"


AGGREGATES = {
    "min": lambda rows: min(rows, key=lambda row: row["_value"])["_value"],
    "max": lambda rows: max(rows, key=lambda row: row["_value"])["_value"],
    "sum": lambda rows: sum(row["_value"] for row in rows),
    "mean": lambda rows: sum(row["_value"] for row in rows) / len(rows),
    "count": len,
    "first": lambda rows: rows[0]["_value"],
    "last": lambda rows: rows[-1]["_value"],
}


class Flux:
    """Runs a query. A table is its group key (column to value) and rows (column to value)."""

    def __init__(self, store, token, now):
        self.store, self.token, self.now = store, token, now

    def run(self, text):
        found = []
        for statement in Parser(text).statements():
            if statement[0] == "rows":
                found.append(self.tables(statement[1]))
        return found

    def value(self, tree, row=None):
        kind = tree[0]
        if kind in ("literal", "time", "duration"):
            return tree[1]
        if kind == "negative":
            return -self.value(tree[1], row)
        if kind == "array":
            return [self.value(one, row) for one in tree[1]]
        if kind == "name":
            return tree[1]
        if kind == "call" and tree[1] == "time":
            value = self.value(tree[2]["v"])
            return value if isinstance(value, int) else time_of(value)
        if kind == "member":
            return row.get(tree[2])
        if kind == "and":
            return self.value(tree[1], row) and self.value(tree[2], row)
        if kind == "or":
            return self.value(tree[1], row) or self.value(tree[2], row)
        if kind in ("==", "!=", "<", ">", "<=", ">="):
            left, right = self.value(tree[1], row), self.value(tree[2], row)
            if left is None or right is None:
                return False
            if isinstance(left, str) != isinstance(right, str):
                raise invalid("error in query: type conflict")
            if kind in ("==", "!="):
                return (left == right) == (kind == "==")
            return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[kind]
        raise invalid(f"error in query: the double does not know {kind} {tree[1]}")

    def moment(self, tree):
        value = self.value(tree)
        is_duration = tree[0] == "duration" or (tree[0] == "negative" and tree[1][0] == "duration")
        return self.now + value if is_duration else value

    def tables(self, tree):
        if tree[0] != "call":
            raise invalid("error in query: expected rows")
        name, arguments, source = tree[1:]
        if name == "from":
            return ("from", self.value(arguments["bucket"]))
        inner = self.tables(source)
        step = getattr(self, f"do_{name}", None)
        if name in AGGREGATES:
            return [self.aggregate(name, table) for table in inner if table[1]]
        if step is None:
            raise invalid(f"error in query: undefined identifier {name} (the double does not know it)")
        return step(inner, arguments)

    def aggregate(self, name, table):
        key, rows = table
        if name in ("first", "last", "min", "max"):
            pick = {"first": lambda: rows[0], "last": lambda: rows[-1], "min": lambda: min(rows, key=lambda row: row["_value"]), "max": lambda: max(rows, key=lambda row: row["_value"])}
            return (key, [dict(pick[name]())])
        return (key, [{**key, "_value": AGGREGATES[name](rows)}])

    def do_range(self, inner, arguments):
        if not isinstance(inner, tuple):
            raise invalid("error in query: range has to follow from")
        start = self.moment(arguments["start"])
        stop = self.moment(arguments["stop"]) if "stop" in arguments else self.now
        if start >= stop:
            raise invalid("error in query: cannot query an empty range")
        if not self.store.may(self.token, "read", "buckets", inner[1]):
            raise Refused(404, "not found", f'failed to initialize execute state: could not find bucket "{inner[1]}"')
        bucket = self.store.bucket(inner[1])
        oldest = self.now - bucket["seconds"] * 10**9 if bucket["seconds"] else NS_MIN
        tables = []
        for (measurement, tags, field), points in bucket["series"].items():
            key = {"_start": start, "_stop": stop, "_measurement": measurement, **dict(tags), "_field": field}
            times = sorted(when for when in points if max(start, oldest) <= when < stop)
            if times:
                tables.append((key, [{**key, "_time": when, "_value": points[when]} for when in times]))
        return tables

    def do_filter(self, inner, arguments):
        function = arguments["fn"]
        found = []
        for key, rows in inner:
            rows = [row for row in rows if self.value(function[2], row)]
            if rows:
                found.append((key, rows))
        return found

    def regrouped(self, inner, columns):
        groups = {}
        for _, rows in inner:
            for row in rows:
                key = {name: row[name] for name in columns if name in row}
                groups.setdefault(tuple(sorted(key.items())), (key, []))[1].append(row)
        return list(groups.values())

    def do_keep(self, inner, arguments, dropped=()):
        columns = self.value(arguments["columns"])
        found = {}
        for key, rows in inner:
            kept = {name: value for name, value in key.items() if name in columns}
            # Tables of the same columns, and types of values, become one.
            shape = (tuple(sorted(kept.items())), type(rows[0].get("_value")))
            table = found.setdefault(shape, (kept, []))
            table[1].extend({name: value for name, value in row.items() if name in columns} for row in rows)
        return list(found.values())

    def do_drop(self, inner, arguments):
        gone = self.value(arguments["columns"])
        columns = {name for _, rows in inner for row in rows for name in row} - set(gone)
        return self.do_keep(inner, {"columns": ("array", [("literal", name) for name in columns])})

    def do_group(self, inner, arguments):
        columns = self.value(arguments["columns"]) if "columns" in arguments else []
        return self.regrouped(inner, columns)

    def do_sort(self, inner, arguments):
        columns = self.value(arguments["columns"]) if "columns" in arguments else ["_value"]
        is_down = "desc" in arguments and self.value(arguments["desc"]) == "true"
        order = lambda row: tuple(row[name] for name in columns)
        return [(key, sorted(rows, key=order, reverse=is_down)) for key, rows in inner]

    def do_limit(self, inner, arguments):
        return [(key, rows[: self.value(arguments["n"])]) for key, rows in inner]

    def do_set(self, inner, arguments):
        name, value = self.value(arguments["key"]), self.value(arguments["value"])
        return [({**key, name: value} if name in key else key, [{**row, name: value} for row in rows]) for key, rows in inner]

    def do_aggregateWindow(self, inner, arguments):
        every, function = self.value(arguments["every"]), self.value(arguments["fn"])
        if self.value(arguments.get("createEmpty", ("name", "true"))) != "false":
            raise invalid("error in query: the double makes no empty windows")
        column = self.value(arguments.get("timeSrc", ("literal", "_stop")))
        found = []
        for key, rows in inner:
            windows = {}
            for row in rows:
                windows.setdefault(row["_time"] // every * every, []).append(row)
            out = []
            for start in sorted(windows):
                bounds = {"_start": max(start, key["_start"]), "_stop": min(start + every, key["_stop"])}
                out.append({**key, "_time": bounds[column], "_value": AGGREGATES[function](windows[start])})
            found.append((key, out))
        return found

    def do_pivot(self, inner, arguments):
        row_key, column_key = self.value(arguments["rowKey"]), self.value(arguments["columnKey"])
        value_column = self.value(arguments["valueColumn"])
        groups = {}
        for key, rows in inner:
            rest = {name: value for name, value in key.items() if name not in (*column_key, value_column)}
            table = groups.setdefault(tuple(sorted(rest.items())), (rest, {}))
            for row in rows:
                out = table[1].setdefault(tuple(row[name] for name in row_key), {**rest, **{name: row[name] for name in row_key}})
                out["_".join(str(row[name]) for name in column_key)] = row[value_column]
        return [(key, [rows[at] for at in sorted(rows)]) for key, rows in groups.values()]

    def do_to(self, inner, arguments):
        name = self.value(arguments["bucket"])
        if not self.store.may(self.token, "write", "buckets", name):
            raise Refused(403, "forbidden", "insufficient permissions for write")
        points = []
        for _, rows in inner:
            for row in rows:
                tags = {tag: value for tag, value in row.items() if not tag.startswith("_")}
                points.append((row["_measurement"], tags, {row["_field"]: row["_value"]}, row["_time"]))
        self.store.bucket(name)
        if points:
            self.store.change({"kind": "points", "bucket": name, "points": points})
        return inner


def csv_cell(value):
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float):
        # As Go writes numbers: never with an exponent.
        text = repr(value)
        if "e" in text:
            from decimal import Decimal

            text = f"{Decimal(text):f}"
        text = text.removesuffix(".0")
    else:
        text = str(value)
    if re.search(r'[",\r\n]', text):
        text = '"' + text.replace('"', '""') + '"'
    return text


def csv_of(results, annotations, fail_after=None):
    """Annotated CSV, a header whenever the columns change; an error in the middle after so many rows."""
    out, shape_before, number, count = [], None, 0, 0
    for tables in results:
        for key, rows in sorted(tables, key=lambda table: str(sorted(table[0].items()))):
            if not rows:
                continue
            names = [name for name in ("_start", "_stop", "_time", "_value", "_field", "_measurement") if any(name in row for row in rows)]
            names += sorted({name for row in rows for name in row} - set(names))
            kinds = []
            for name in names:
                value = next(row[name] for row in rows if row.get(name) is not None)
                is_time = name in ("_start", "_stop", "_time")
                kinds.append("dateTime:RFC3339" if is_time else {float: "double", int: "long", str: "string", bool: "boolean"}[type(value)])
            shape = (names, kinds, [name in key for name in names])
            if shape != shape_before:
                if shape_before is not None:
                    out.append("")
                if "datatype" in annotations:
                    out.append(",".join(["#datatype", "string", "long", *kinds]))
                if "group" in annotations:
                    out.append(",".join(["#group", "false", "false", *("true" if one else "false" for one in shape[2])]))
                if "default" in annotations:
                    out.append(",".join(["#default", "_result", "", *("" for _ in names)]))
                out.append(",".join(["", "result", "table", *map(csv_cell, names)]))
                shape_before = shape
            result = "" if "default" in annotations else "_result"
            for row in rows:
                count += 1
                if fail_after is not None and count > fail_after:
                    out += ["", "#datatype,string,string", "#group,true,true", "#default,,", ",error,reference", ',"an error, in the middle",897', ""]
                    return "\r\n".join(out)
                cells = []
                for name in names:
                    value = row.get(name)
                    is_time = name in ("_start", "_stop", "_time") and value is not None
                    cells.append("" if value is None else rfc3339(value) if is_time else csv_cell(value))
                out.append(",".join(["", result, str(number), *cells]))
            number += 1
    return "\r\n".join([*out, "", ""]) if out else "\r\n"


# --- HTTP --------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "double"
    store = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=(), kind="application/json; charset=utf-8"):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("X-Influxdb-Version", "v2.7.12")
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_one(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urlparse(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        store = self.store
        try:
            with LOCK:
                if url.path.startswith("/double/"):
                    return self.answer(200, self.double(url.path, json.loads(body or b"{}")))
                fault = next((one for one in store.faults if one["path"] in url.path and one["skip"] == 0), None)
                for one in store.faults:
                    if one["path"] in url.path and one["skip"] > 0:
                        one["skip"] -= 1
                if fault:
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        store.faults.remove(fault)
                    if fault["status"] == 0:  # The connection breaks off; perhaps after the work was done.
                        if fault.get("done"):
                            self.work(method, url.path, query, body, fault)
                        self.close_connection = True
                        self.connection.close()
                        return None
                    if fault["status"] != 200:
                        headers = [("Retry-After", str(fault["retry_after"]))] if fault.get("retry_after") is not None else []
                        message = fault.get("message", "a fault on demand")
                        return self.answer(fault["status"], {"code": "internal error", "message": message}, headers)
                return self.work(method, url.path, query, body, fault or {})
        except Refused as refused:
            headers = [("X-Platform-Error-Code", refused.code), *refused.headers]
            return self.answer(refused.status, {"code": refused.code, "message": refused.message}, headers)

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")

    def do_PATCH(self):
        self.handle_one("PATCH")

    def do_DELETE(self):
        self.handle_one("DELETE")

    def token(self):
        return (self.headers.get("Authorization") or "").removeprefix("Token ").removeprefix("Bearer ")

    def work(self, method, path, query, body, fault):
        store, token = self.store, self.token()
        if path in ("/health", "/ping"):
            return self.answer(200, {"name": "influxdb", "status": "pass", "version": "v2.7.12"})
        if path == "/metrics":
            lines = []
            for bucket in store.buckets.values():
                size = 100 + 8 * sum(len(points) for points in bucket["series"].values())
                lines.append(f'storage_shard_disk_size{{bucket="{bucket["id"]}",engine="tsm1",id="1"}} {size}')
            return self.answer(200, ("\n".join(lines) + "\n").encode(), kind="text/plain")
        store.may(token, "read", "orgs")
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if query.get("org", ORG) not in (ORG, ORG_ID) or query.get("orgID", ORG_ID) != ORG_ID:
            raise Refused(404, "not found", f'organization name "{query.get("org")}" not found')
        if path == "/api/v2/write" and method == "POST":
            store.writes += 1
            if store.body_bytes_max and len(body) > store.body_bytes_max:
                raise Refused(413, "request too large", "unable to read data: points batch is too large")
            unit = UNITS.get(query.get("precision", "ns"))
            if unit is None:
                raise invalid("precision has to be ms, s, us or ns")
            store.write(query.get("bucket", ""), unit, body.decode(), token)
            return self.answer(204)
        if path == "/api/v2/query" and method == "POST":
            store.queries += 1
            is_json = "json" in (self.headers.get("Content-Type") or "")
            asked = json.loads(body) if is_json else {"query": body.decode()}
            now = store.clock_ns or time.time_ns()
            results = Flux(store, token, now).run(asked["query"])
            annotations = (asked.get("dialect") or {}).get("annotations") or []
            text = csv_of(results, annotations, fault.get("fail_after"))
            return self.answer(200, text.encode(), kind="text/csv; charset=utf-8")
        if path == "/api/v2/delete" and method == "POST":
            return self.delete(query, json.loads(body), token)
        if path == "/api/v2/orgs":
            found = [{"id": ORG_ID, "name": ORG}] if store.may(token, "read", "orgs") else []
            return self.answer(200, {"orgs": found, "links": {"self": path}})
        if path.startswith("/api/v2/buckets"):
            return self.buckets(method, path, query, body, token)
        if path.startswith("/api/v2/tasks"):
            return self.tasks(method, path, query, body, token)
        raise Refused(404, "not found", "path not found")

    def delete(self, query, asked, token):
        name = query.get("bucket", "")
        self.store.deletes += 1
        if not self.store.may(token, "write", "buckets", name):
            raise Refused(403, "forbidden", "insufficient permissions to delete")
        self.store.bucket(name)
        equal = []
        predicate = asked.get("predicate") or ""
        if predicate:
            part = r'\s*"?(\w+)"?\s*=\s*("(?:\\.|[^"\\])*"|\'[^\']*\')\s*'
            if not re.fullmatch(f"{part}(?:AND{part})*", predicate):
                raise invalid(f"invalid request; error parsing predicate: {predicate}")
            equal = [(key, text_of(value)) for key, value in re.findall(part, predicate)]
        self.store.change({"kind": "delete", "bucket": name, "start": time_of(asked["start"]), "stop": time_of(asked["stop"]), "equal": equal})
        return self.answer(204)

    def shown(self, name):
        bucket = self.store.buckets[name]
        rules = [{"type": "expire", "everySeconds": bucket["seconds"], "shardGroupDurationSeconds": 86_400}] if bucket["seconds"] else []
        return {"id": bucket["id"], "orgID": ORG_ID, "name": name, "type": "user", "retentionRules": rules, "createdAt": "2026-01-01T00:00:00Z"}

    def buckets(self, method, path, query, body, token):
        store = self.store
        if method == "GET":
            names = [name for name in store.buckets if query.get("name") in (None, name) and store.may(token, "read", "buckets", name)]
            return self.answer(200, {"buckets": [self.shown(name) for name in names], "links": {"self": path}})
        asked = json.loads(body)
        seconds = sum(rule["everySeconds"] for rule in asked.get("retentionRules") or [])
        if 0 < seconds < 3600:
            raise Refused(422, "unprocessable entity", "expiration seconds must be greater than or equal to one hour")
        if method == "POST":
            if not store.may(token, "write", "buckets"):
                raise Refused(403, "forbidden", f"write:orgs/{ORG_ID}/buckets is unauthorized")
            if asked["name"] in store.buckets:
                raise Refused(422, "conflict", f"bucket with name {asked['name']} already exists")
            store.change({"kind": "bucket", "name": asked["name"], "id": uuid.uuid4().hex[:16], "seconds": seconds})
            return self.answer(201, self.shown(asked["name"]))
        name = next((name for name, bucket in store.buckets.items() if path.endswith(bucket["id"])), None)
        if name is None:
            raise Refused(404, "not found", "bucket not found")
        if not store.may(token, "write", "buckets", name):
            raise Refused(403, "forbidden", "write:buckets is unauthorized")
        store.change({"kind": "bucket", "name": name, "id": store.buckets[name]["id"], "seconds": seconds})
        return self.answer(200, self.shown(name))

    def tasks(self, method, path, query, body, token):
        store = self.store
        if method == "GET":
            if not store.may(token, "read", "tasks"):
                raise Refused(403, "forbidden", "read:tasks is unauthorized")
            found = [task for task in store.tasks.values() if query.get("name") in (None, task["name"])]
            return self.answer(200, {"tasks": found, "links": {"self": path}})
        if not store.may(token, "write", "tasks"):
            raise Refused(403, "forbidden", "write:tasks is unauthorized")
        asked = json.loads(body)
        task = store.tasks.get(path.rsplit("/", 1)[1], {}) if method == "PATCH" else {}
        flux = asked.get("flux", task.get("flux", ""))
        options = next((tree for kind, name, *tree in ((*one, None)[:3] for one in Parser(flux).statements()) if kind == "option"), None)
        if options is None:
            raise invalid("no task options defined")
        record = options[0][1]
        change = {"kind": "task", "id": task.get("id") or uuid.uuid4().hex[:16], "name": record["name"][1], "flux": flux, "status": asked.get("status", "active")}
        store.change(change)
        return self.answer(201 if method == "POST" else 200, store.tasks[change["id"]])

    def double(self, path, asked):
        store = self.store
        if path == "/double/fault":
            store.faults.append({"path": asked["path"], "status": asked["status"], "times": asked.get("times", 1), "skip": asked.get("skip", 0), **{name: asked[name] for name in ("retry_after", "message", "fail_after", "done") if name in asked}})
        elif path == "/double/clock":
            store.clock_ns = asked["ns"]
        elif path == "/double/token":
            store.tokens[asked["token"]] = {(action, kind, name) for action, kind, name in asked["scopes"]}
        elif path == "/double/calm":
            store.faults.clear()
        elif path == "/double/expire":
            for bucket in store.buckets.values():
                oldest = store.now() - bucket["seconds"] * 10**9 if bucket["seconds"] else NS_MIN
                for key, points in list(bucket["series"].items()):
                    kept = {when: value for when, value in points.items() if when >= oldest}
                    bucket["series"][key] = kept
        elif path == "/double/body":
            store.body_bytes_max = asked["max"]
        elif path == "/double/tasks":
            for task in sorted(store.tasks.values(), key=lambda task: task["name"] != "tocsin_5m"):
                Flux(store, "admin", asked["ns"]).run(task["flux"])
        return {"writes": store.writes, "queries": store.queries, "deletes": store.deletes, "buckets": {name: bucket["seconds"] for name, bucket in store.buckets.items()}, "tasks": list(store.tasks.values()), "points": {name: sum(map(len, bucket["series"].values())) for name, bucket in store.buckets.items()}, "series": {name: len(bucket["series"]) for name, bucket in store.buckets.items()}}


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
    options.add_argument("--file")
    options = options.parse_args()
    Handler.store = Store(options.file)
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"PORT {server.server_address[1]}", flush=True)
    server.serve_forever()
