"""Holds the double of Slack against `slack_sdk`, Slack's own client."""

import sys

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, HeaderBlock, SectionBlock
from slack_sdk.webhook import WebhookClient

api_url, token, channel, response_url = sys.argv[1:]


def refused(error, call):
    try:
        call()
    except SlackApiError as refusal:
        assert refusal.response["error"] == error, (error, refusal.response)
    else:
        raise SystemExit(f"expected {error}")


client = WebClient(token=token, base_url=f"{api_url}/")
assert client.auth_test()["bot_id"] == "B0BOT"
buttons = ActionsBlock(elements=[ButtonElement(text="Yes", action_id="yes", value="1", style="primary")])
blocks = [HeaderBlock(text="One"), SectionBlock(text="two & three"), buttons]
first = client.chat_postMessage(channel=channel, text="One", blocks=blocks)
assert first["ok"] and first["channel"] == channel, first
for at in range(5):
    client.chat_postMessage(channel=channel, text=f"Message {at}")
client.chat_update(channel=channel, ts=first["ts"], text="Changed", blocks=blocks[:2])

# Three pages, by their cursors.
pages = [page["messages"] for page in client.conversations_history(channel=channel, limit=2)]
assert [len(page) for page in pages] == [2, 2, 2], pages
texts = [one["text"] for page in pages for one in page]
assert texts == ["Message 4", "Message 3", "Message 2", "Message 1", "Message 0", "Changed"], texts
later = client.conversations_history(channel=channel, oldest=first["ts"])
assert len(later["messages"]) == 5, later

refused("message_not_found", lambda: client.chat_update(channel=channel, ts="1.2", text="x"))
refused("channel_not_found", lambda: client.chat_postMessage(channel="C0OTHER", text="x"))
long = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
refused("invalid_blocks", lambda: client.chat_postMessage(channel=channel, text="x", blocks=[long]))
twice = {"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}}] * 2}
refused("invalid_blocks", lambda: client.chat_postMessage(channel=channel, text="x", blocks=[twice]))
refused("no_text", lambda: client.chat_postMessage(channel=channel))
refused("invalid_auth", lambda: WebClient(token="xoxb-other", base_url=f"{api_url}/").auth_test())

answer = WebhookClient(response_url).send(text="Only you see this", response_type="ephemeral")
assert (answer.status_code, answer.body) == (200, "ok"), answer
