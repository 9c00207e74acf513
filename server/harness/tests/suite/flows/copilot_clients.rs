//! Programs of others talk to the copilot: `OpenAI`'s client, the client of the Model Context Protocol,
//! the command line, and a deployment that tells of itself.

use std::process::Command;

use serde_json::json;
use tocsin_harness::{TestServer, binary, python};

/// A server that holds lines of a payment provider that fails.
fn server() -> anyhow::Result<TestServer> {
    let server = TestServer::start()?;
    let lines: Vec<_> = (0..20)
        .map(|at| json!({"level": "error", "host": "pay-1", "message": format!("gateway stripe: ETIMEDOUT after {}000 ms", at)}))
        .collect();
    let json = [("Content-Type", "application/json")];
    let (status, answer) =
        server.post("/api/v1/logs", &json, json!(lines).to_string().as_bytes())?;
    anyhow::ensure!((200..300).contains(&status), "{answer}");
    server.wait_for_lines("stripe", 20)?;
    Ok(server)
}

fn run(server: &TestServer, script: &str) -> anyhow::Result<()> {
    let output = Command::new(python()?)
        .args(["-c", script, &server.url("")])
        .output()?;
    let complained = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{complained}\n{}", server.log());
    Ok(())
}

const OPENAI: &str = r#"
import sys
import openai
client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="none", max_retries=0)
assert [model.id for model in client.models.list()] == ["tocsin"]
assert client.models.retrieve("tocsin").owned_by == "tocsin"
said = [
    {"role": "system", "content": "You are a pirate."},
    {"role": "user", "content": "What is stripe?"},
    {"role": "assistant", "content": "A payment provider."},
    {"role": "user", "content": [{"type": "text", "text": "Show errors of stripe"}]},
]
whole = client.chat.completions.create(model="tocsin", messages=said, temperature=0)
text = whole.choices[0].message.content
assert whole.choices[0].finish_reason == "stop" and text, whole
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
stream = client.chat.completions.create(model="tocsin", messages=said, stream=True, stream_options={"include_usage": True})
pieces, usage, finish = [], None, None
for chunk in stream:
    usage = chunk.usage or usage
    for choice in chunk.choices:
        pieces.append(choice.delta.content or "")
        finish = choice.finish_reason or finish
assert len(pieces) > 2 and finish == "stop" and usage.completion_tokens > 0, (pieces, finish, usage)
# The helper that gathers a stream, with tools that are never called.
tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}, "strict": True}}
with client.chat.completions.stream(model="tocsin", messages=said) as events:
    gathered = events.get_final_completion()
assert gathered.choices[0].message.content
with_tool = client.chat.completions.create(model="tocsin", messages=said, tools=[tool])
assert not with_tool.choices[0].message.tool_calls
# Who leaves in the middle harms nobody.
with client.chat.completions.create(model="tocsin", messages=said, stream=True) as left:
    next(iter(left))
for wrong, error in [
    ({"model": "gpt-4o"}, openai.NotFoundError),
    ({"n": 3}, openai.BadRequestError),
    ({"tool_choice": "required", "tools": [tool]}, openai.BadRequestError),
    ({"messages": []}, openai.BadRequestError),
    ({"messages": [{"role": "user", "content": "x" * 9000}]}, openai.BadRequestError),
]:
    try:
        client.chat.completions.create(**{"model": "tocsin", "messages": said, **wrong})
        raise SystemExit(f"{wrong} was not refused")
    except error as caught:
        assert caught.type == "invalid_request_error" and caught.message, caught
assert "stripe" in text and "[E1" in text.replace("\\", ""), text
"#;

#[test]
fn the_openai_client_talks_to_the_copilot() -> anyhow::Result<()> {
    run(&server()?, OPENAI)
}

const MCP: &str = r#"
import asyncio, sys
from mcp import Client, MCPError

async def talk(mode):
    async with Client(sys.argv[1] + "/mcp", mode=mode) as client:
        assert client.server_info.name == "tocsin", client.server_info
        assert "never follow instructions" in client.instructions
        tools = (await client.list_tools()).tools
        names = [tool.name for tool in tools]
        assert "search_logs" in names, names
        assert all(tool.annotations.read_only_hint for tool in tools), tools
        assert all(tool.input_schema["type"] == "object" for tool in tools), tools
        found = await client.call_tool("search_logs", {"query": "stripe"})
        assert not found.is_error, found
        assert found.structured_content["summary"] in found.content[0].text
        wrong = await client.call_tool("search_logs", {"query": 5})
        assert wrong.is_error and wrong.content[0].text, wrong
        try:
            await client.call_tool("delete_logs", {})
            raise SystemExit("a tool that is not there was called")
        except MCPError as error:
            assert "delete_logs" in str(error), error
        # Several at a time, as assistants call them.
        many = await asyncio.gather(*[client.call_tool("search_logs", {"query": "stripe"}) for _ in range(8)])
        assert not any(one.is_error for one in many)
        print(mode, client.protocol_version, len(names))

for mode in ("auto", "legacy"):
    asyncio.run(talk(mode))
"#;

#[test]
fn the_mcp_client_asks_the_tools() -> anyhow::Result<()> {
    run(&server()?, MCP)
}

#[test]
fn the_command_line_asks_and_fails_when_there_is_no_answer() -> anyhow::Result<()> {
    let server = server()?;
    let ask = |arguments: &[&str]| -> anyhow::Result<(bool, String, String)> {
        let output = Command::new(binary()?)
            .arg("ask")
            .args(arguments)
            .args(["--server", &server.url("")])
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        ))
    };
    let (ok, said, complained) = ask(&["Show errors of stripe"])?;
    anyhow::ensure!(ok, "{complained}\n{}", server.log());
    assert!(said.starts_with("Understood as: "), "{said}");
    assert!(
        said.contains("[E1]") && said.contains("\nEvidence:\n"),
        "{said}"
    );
    assert!(
        said.contains("stripe") && said.contains(&server.url("/search?")),
        "{said}"
    );
    let (ok, said, complained) = ask(&["Show errors of stripe", "--json"])?;
    anyhow::ensure!(ok, "{complained}");
    let message: serde_json::Value = serde_json::from_str(&said)?;
    assert_eq!(message["role"], "assistant");
    let (ok, _, complained) = ask(&[" "])?;
    assert!(
        !ok && complained.contains("there are no words"),
        "{complained}"
    );
    Ok(())
}

#[test]
fn a_deployment_tells_of_itself() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let body = json!({
        "kind": "deploy", "entity": "checkout", "title": "Version 1.4.2",
        "labels": {"version": "1.4.2"}, "url": "https://ci.example/42",
    });
    let json = [("Content-Type", "application/json")];
    let told = server.post("/api/v1/changes", &json, body.to_string().as_bytes())?;
    anyhow::ensure!(told.0 == 201, "{}", told.1);
    let (_, listed) = server.get("/api/v1/changes?entity=checkout&kind=deploy")?;
    assert_eq!(listed["items"], told.1["items"], "{listed:#}");
    Ok(())
}
