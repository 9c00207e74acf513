"""Holds the double of Jira against two clients: `jira` and `atlassian-python-api`."""

import sys

from atlassian.jira import JiraCloud
from jira import JIRA
from jira.exceptions import JIRAError

url, email, token = sys.argv[1:]


def document(text):
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]
    return {"type": "doc", "version": 1, "content": content}


def refused(status, call):
    try:
        call()
    except Exception as error:  # Each client has classes of its own.
        found = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
        assert found == status, (status, found, repr(error))
    else:
        raise SystemExit(f"expected {status}")


jira = JIRA(url, basic_auth=(email, token), options={"rest_api_version": "3"}, max_retries=0)
assert jira._is_cloud
assert jira.myself()["emailAddress"] == email
assert jira.project("OPS").key == "OPS"
fields = {
    "project": {"key": "OPS"},
    "issuetype": {"name": "Bug"},
    "summary": "It broke",
    "description": document("Twice."),
    "labels": ["tocsin-a1"],
    "priority": {"name": "High"},
}
issue = jira.create_issue(fields=fields)
assert issue.key == "OPS-1" and issue.fields.status.name == "To Do", issue.raw
assert issue.fields.status.statusCategory.key == "new"
for field, value in (
    ("description", "a plain text"),
    ("description", document("")),
    ("priority", {"name": "Dire"}),
    ("labels", ["a b"]),
    ("colour", "red"),
    ("issuetype", {"name": "Epic"}),
):
    try:
        jira.create_issue(fields={**fields, field: value})
        raise SystemExit(f"{field} {value} was taken")
    except JIRAError as error:
        assert error.status_code == 400 and field in error.response.json()["errors"], error
jql = 'project = "OPS" AND labels = "tocsin-a1" ORDER BY created DESC'
for use_post in (False, True):
    found = jira.enhanced_search_issues(jql, maxResults=10, fields=["summary", "labels"], use_post=use_post)
    assert [one.key for one in found] == ["OPS-1"], found
    assert found[0].fields.labels == ["tocsin-a1"]
assert jira.enhanced_search_issues('labels = "tocsin-a"', maxResults=10) == []
refused(400, lambda: jira.enhanced_search_issues("ORDER BY created DESC", maxResults=10))
jira.add_comment(issue, document("tocsin-key-1"))
refused(400, lambda: jira.add_comment(issue, "a plain text"))
names = {one["to"]["name"]: one["id"] for one in jira.transitions(issue)}
assert set(names) == {"In Progress", "Done"}, names
refused(400, lambda: jira._session.post(f"{url}/rest/api/3/issue/OPS-1/transitions", json={"transition": {"id": "99"}}))
jira.transition_issue(issue, names["Done"])
assert jira.issue("OPS-1").fields.status.statusCategory.key == "done"
link = {"url": "https://t.example/automation/runs/1", "title": "Tocsin"}
for title in ("Tocsin", "Tocsin again"):
    jira.add_remote_link(issue, {**link, "title": title}, globalId="tocsin-run-1")
links = jira.remote_links(issue)
assert [(one.globalId, one.object.title, one.object.url) for one in links] == [("tocsin-run-1", "Tocsin again", link["url"])], links
refused(400, lambda: jira._session.post(f"{url}/rest/api/3/issue/OPS-1/remotelink", json={"object": {"url": "x"}}))
comments = jira.comments(issue)
assert len(comments) == 1, comments
refused(404, lambda: jira.issue("OPS-9"))
wrong = JIRA(url, basic_auth=(email, "wrong"), options={"rest_api_version": "3"}, max_retries=0)
refused(401, lambda: wrong.myself())

cloud = JiraCloud(url=url, username=email, password=token, api_version=3)
answer = cloud.create_issue(data={"fields": {**fields, "labels": ["tocsin-b2"]}})
assert answer["key"] == "OPS-2", answer
answer = cloud.enhanced_jql('project = "OPS" AND labels = "tocsin-b2"', fields="summary,status", limit=5)
assert [one["key"] for one in answer["issues"]] == ["OPS-2"] and answer["isLast"], answer
assert answer["issues"][0]["fields"].keys() == {"summary", "status"}, answer
refused(410, lambda: cloud.get("rest/api/3/search", params={"jql": jql}))
refused(410, lambda: cloud.get("rest/api/2/search", params={"jql": jql}))
cloud.add_comment("OPS-2", data={"body": document("tocsin-key-2")})
answer = cloud.get_comments("OPS-2", order_by="-created")
assert answer["total"] == 1 and answer["comments"][0]["body"] == document("tocsin-key-2"), answer
cloud.do_transition("OPS-2", data={"transition": {"id": "31"}})
answer = cloud.get("rest/api/3/issue/OPS-2", params={"fields": "status"})
assert answer["fields"]["status"]["name"] == "Done", answer
assert cloud.get_current_user()["displayName"] == "Ops"
for status in ("first", "second"):
    cloud.post("rest/api/3/issue/OPS-2/remotelink", data={"globalId": "tocsin-run-2", "object": {"url": link["url"], "title": status}})
answer = cloud.get("rest/api/3/issue/OPS-2/remotelink")
assert [(one["globalId"], one["object"]["title"]) for one in answer] == [("tocsin-run-2", "second")], answer
