"""Presses a button under the only message of a channel as Slack would: what is sent is signed by Slack's own code.

Prints the status of the server. A user of `forger` signs with another secret.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

api_url, token, channel, response_url, secret, address, user, action, comment = sys.argv[1:]
[message] = WebClient(token=token, base_url=f"{api_url}/").conversations_history(channel=channel)["messages"]
buttons = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
[button] = [one for one in buttons if one["action_id"] == action]
payload = {
    "type": "block_actions",
    "user": {"id": user, "username": "someone", "team_id": "T0TOCSIN"},
    "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel},
    "channel": {"id": channel, "name": "ops"},
    "message": message,
    "state": {"values": {"tocsin_comment": {"tocsin_comment": {"type": "plain_text_input", "value": comment or None}}}},
    "response_url": response_url,
    "actions": [{**button, "action_ts": f"{time.time():.6f}"}],
}
body = urllib.parse.urlencode({"payload": json.dumps(payload)})
now = str(int(time.time()))
verifier = SignatureVerifier("another secret" if user == "forger" else secret)
headers = {
    "Content-Type": "application/x-www-form-urlencoded",
    "X-Slack-Request-Timestamp": now,
    "X-Slack-Signature": verifier.generate_signature(timestamp=now, body=body),
}
if user != "forger":
    assert SignatureVerifier(secret).is_valid_request(body, headers)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(f"http://{address}/webhooks/slack", body.encode(), headers)
try:
    with opener.open(request) as answer:
        print(answer.status)
except urllib.error.HTTPError as error:
    print(error.status)
