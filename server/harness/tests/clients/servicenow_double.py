"""Holds the double of ServiceNow against two clients: `pysnow`, and `pysnc`, which insists on TLS."""

import os
import socket
import ssl
import subprocess
import sys
import threading

import pysnow
from pysnc import ServiceNowClient

host, user, password, folder = sys.argv[1:]


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
assert record.number == "INC0000002" and record.sys_id == sys_id
record.work_notes = "tocsin-key-2"
record.state = "2"
assert record.update()
record = client.GlideRecord("incident")
assert record.get(sys_id)
assert record.state == "2" and "tocsin-key-2" in record.get_display_value("work_notes"), record.serialize(display_value="both")
assert not client.GlideRecord("incident").get("0" * 32)
