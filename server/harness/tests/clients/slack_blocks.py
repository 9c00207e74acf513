"""Reads a channel with Slack's own client, holds every block against Slack's models, and prints what its buttons send."""

import sys

from slack_sdk import WebClient
from slack_sdk.models.blocks import ActionsBlock, Block

api_url, token, channel = sys.argv[1:]
messages = WebClient(token=token, base_url=f"{api_url}/").conversations_history(channel=channel)["messages"]
assert messages, "nothing was posted"
for message in messages:
    assert message["text"], message
    blocks = Block.parse_all(message["blocks"])
    assert len(blocks) == len(message["blocks"]) and None not in blocks, message["blocks"]
    for block in blocks:
        # Checks lengths and counts.
        block.to_dict()
        if isinstance(block, ActionsBlock):
            for element in block.elements:
                element.to_dict()
                if element.value:
                    print(element.action_id, element.value)
