"""Holds the double of ServiceNow against two clients: `pysnow`, and `pysnc`, which insists on TLS."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading

import pysnow
from pysnc import ServiceNowClient

host, user, password, folder, template = sys.argv[1:]


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve_tls():
    """A port that speaks TLS for the double, with a certificate of its own."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([*command.split(), "-keyout", f"{folder}/key.pem", "-out", f"{folder}/ca.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/ca.pem", f"{folder}/key.pem")
    listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    def run():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                continue
            name, port = host.split(":")
            server = socket.create_connection((name, int(port)))
            threading.Thread(target=pump, args=(client, server), daemon=True).start()
            threading.Thread(target=pump, args=(server, client), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


client = pysnow.Client(host=host, user=user, password=password, use_ssl=False)
incidents = client.resource(api_path="/table/incident")
made = incidents.create({
    "short_description": "It broke", "impact": "1", "urgency": "2", "correlation_id": "tocsin-a1",
    "correlation_display": "tocsin-f1", "no_such_field": "x",
}).one()
assert made["number"] == "INC0000001" and made["state"] == "1" and "no_such_field" not in made, made
assert incidents.get(query={"correlation_id": "tocsin-a1"}).one()["sys_id"] == made["sys_id"]
assert incidents.get(query={"correlation_id": "tocsin-b1"}).one_or_none() is None
# The trap: a field that is not there restricts nothing.
assert len(incidents.get(query={"corelation_id": "tocsin-b1"}).all()) == 1
either = "correlation_id=tocsin-f1^ORcorrelation_display=tocsin-f1^ORDERBYDESCsys_created_on"
assert len(incidents.get(query=either).all()) == 1
changed = incidents.update(query={"sys_id": made["sys_id"]}, payload={"work_notes": "tocsin-key-1"}).one()
assert changed["work_notes"] == "", "notes are only shown to people"
journal = client.resource(api_path="/table/sys_journal_field")
rows = journal.get(query=f"element_id={made['sys_id']}^element=work_notes^valueLIKEtocsin-key-1").all()
assert [row["value"] for row in rows] == ["tocsin-key-1"], rows
try:
    incidents.update(query={"sys_id": made["sys_id"]}, payload={"state": "6"}).one()
    raise SystemExit("resolved without a code")
except Exception as error:
    assert "403" in str(error) or "Data Policy" in str(error), error
payload = {"state": "6", "close_code": "Solution provided", "close_notes": "It cleared."}
assert incidents.update(query={"sys_id": made["sys_id"]}, payload=payload).one()["state"] == "6"
# What is no state is taken back, and answered well.
assert incidents.update(query={"sys_id": made["sys_id"]}, payload={"state": "77"}).one()["state"] == "6"

# Changes. pysnow has no words for the Change Management API: it only carries requests there, and
# reads the envelope of the answers. What is within them is our reading of the documentation.
api = {"base_path": "/api/sn_chg_rest"}
changes = client.resource(api_path="/table/change_request")


def refused(status, call):
    try:
        call()
    except Exception as error:
        assert str(status) in str(error) or str(status) in str(getattr(error, "response", "")), error
    else:
        raise SystemExit(f"expected {status}")


def state_of(sys_id):
    row = changes.get(query={"sys_id": sys_id}, fields=["state", "approval", "type"]).one()
    return row["state"], row["approval"], row["type"]


def next_states(sys_id):
    found = client.resource(api_path=f"/v1/change/{sys_id}/nextstates", **api).get().one()
    assert found["state_label"]["-4"] == "Assess", found
    assert all(one["from_state"] and one["conditions"] is not None for [one] in found["state_transitions"]), found
    return sorted(found["available_states"])


def move(sys_id, **fields):
    return client.resource(api_path=f"/v1/change/{sys_id}", **api).request("PATCH", data=json.dumps(fields)).one()


normal = client.resource(api_path="/v1/change/normal", **api)
made = normal.create({"short_description": "Clean it", "correlation_id": "run-1", "no_such_field": "x"}).one()
assert made["state"] == {"value": "-5", "display_value": "New"} and "no_such_field" not in made, made
change = made["sys_id"]["value"]
assert changes.get(query={"correlation_id": "run-1"}).one()["number"] == made["number"]["value"] == "CHG0030002"
assert state_of(change) == ("-5", "not requested", "normal")
assert next_states(change) == ["-4", "-5", "4"]
# A state that is not offered is taken back, and answered well.
assert move(change, state="-1")["state"]["value"] == "-5"
assert changes.update(query={"sys_id": change}, payload={"state": "3"}).one()["state"] == "-5"
assert move(change, state="-4")["approval"]["value"] == "requested"
assert next_states(change) == ["-4", "4"], "it waits"
answer = client.resource(api_path=f"/v1/change/{change}/approvals", **api)
refused(400, lambda: answer.request("PATCH", data=json.dumps({"state": "maybe"})).one())
answer.request("PATCH", data=json.dumps({"state": "approved", "comments": "Go"})).one()
assert state_of(change) == ("-2", "approved", "normal")
assert move(change, state="-1")["state"]["display_value"] == "Implement"
assert changes.update(query={"sys_id": change}, payload={"state": "0", "work_notes": "run-1"}).one()["state"] == "0"
rows = journal.get(query=f"element_id={change}^element=work_notes^valueLIKErun-1").all()
assert [row["value"] for row in rows] == ["run-1"] and rows[0]["name"] == "change_request", rows
refused(403, lambda: move(change, state="3"))
assert move(change, state="3", close_code="successful", close_notes="Done")["state"]["value"] == "3"
assert next_states(change) == ["3"]
listed = client.resource(api_path="/v1/change", **api).get(limit=1).all()
assert [one["number"]["value"] for one in listed] == ["CHG0030002"], listed
standard = client.resource(api_path=f"/v1/change/standard/{template}", **api).create({"correlation_id": "run-2"}).one()
assert (standard["type"]["value"], standard["approval"]["value"]) == ("standard", "approved"), standard
assert next_states(standard["sys_id"]["value"]) == ["-2", "-5", "4"]
found = client.resource(api_path=f"/v1/change/standard/template/{template}", **api).get().one()
assert found["sys_name"]["value"] == "Clean a disk", found
refused(404, lambda: client.resource(api_path=f"/v1/change/standard/{'0' * 32}", **api).create({}).one())
refused(404, lambda: client.resource(api_path=f"/v1/change/{'0' * 32}/nextstates", **api).get().one())

port = serve_tls()
os.environ["REQUESTS_CA_BUNDLE"] = f"{folder}/ca.pem"
client = ServiceNowClient(f"https://localhost:{port}", (user, password))
record = client.GlideRecord("incident")
record.initialize()
record.short_description = "Again"
record.correlation_id = "tocsin-b2"
sys_id = record.insert()
assert sys_id, "not inserted"
record = client.GlideRecord("incident")
record.add_query("correlation_id", "tocsin-b2")
record.query()
assert len(record) == 1 and record.next()
assert record.number == "INC0000004" and record.sys_id == sys_id
record.work_notes = "tocsin-key-2"
record.state = "2"
assert record.update()
record = client.GlideRecord("incident")
assert record.get(sys_id)
assert record.state == "2" and "tocsin-key-2" in record.get_display_value("work_notes"), record.serialize(display_value="both")
assert not client.GlideRecord("incident").get("0" * 32)
record = client.GlideRecord("change_request")
record.initialize()
record.short_description = "Clean it again"
record.correlation_id = "run-3"
sys_id = record.insert()
assert sys_id, "not inserted"
record = client.GlideRecord("change_request")
record.add_query("correlation_id", "run-3")
record.query()
assert len(record) == 1 and record.next() and record.sys_id == sys_id
assert (record.state, record.approval) == ("-5", "not requested"), record.serialize()
record.state = "-4"
record.work_notes = "run-3"
assert record.update()
record = client.GlideRecord("change_request")
assert record.get(sys_id)
assert (record.state, record.approval) == ("-4", "requested"), record.serialize()
assert "run-3" in record.get_display_value("work_notes")
