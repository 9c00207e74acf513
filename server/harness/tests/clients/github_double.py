"""Holds the double of GitHub against `PyGithub`."""

import sys

import github

url, token, name = sys.argv[1:]


def refused(status, call):
    try:
        call()
    except github.GithubException as error:
        assert error.status == status, (status, error)
    else:
        raise SystemExit(f"expected {status}")


hub = github.Github(base_url=url, auth=github.Auth.Token(token), retry=None, per_page=2)
assert hub.get_user().login == "ops"
repository = hub.get_repo(name)
assert repository.full_name == name and repository.has_issues and repository.permissions.push
for number in range(1, 6):
    issue = repository.create_issue(f"Broke {number}", f"Text\n\n<!-- tocsin-{number} -->", labels=["tocsin", "severity: high"])
    assert issue.number == number and issue.state == "open", issue
assert [label.name for label in issue.labels] == ["tocsin", "severity: high"]
repository.create_issue("Other", "Nothing to do with it")
# Three pages, by the links of the answers.
listed = list(repository.get_issues(labels=["tocsin"], state="all", sort="created", direction="desc"))
assert [one.number for one in listed] == [5, 4, 3, 2, 1], listed
found = list(hub.search_issues(f'repo:{name} is:issue in:body "tocsin-3"'))
assert [one.number for one in found] == [3], found
for at in range(3):
    issue.create_comment(f"Again\n\n<!-- tocsin-key-{at} -->")
assert [one.body.split()[-2] for one in issue.get_comments()] == ["tocsin-key-0", "tocsin-key-1", "tocsin-key-2"]
issue.edit(state="closed", state_reason="completed")
issue = repository.get_issue(5)
assert (issue.state, issue.state_reason, issue.comments) == ("closed", "completed", 3), issue
issue.edit(state="closed", state_reason="not_planned")
assert repository.get_issue(5).state_reason == "not_planned"
issue.edit(state="open", state_reason="reopened")
assert repository.get_issue(5).state == "open"
refused(422, lambda: repository.create_issue("  "))
refused(422, lambda: repository.create_issue("x" * 300))
refused(422, lambda: issue.edit(state="resolved"))
refused(404, lambda: repository.get_issue(99))
refused(404, lambda: hub.get_repo("example/other"))
refused(401, lambda: github.Github(base_url=url, auth=github.Auth.Token("wrong"), retry=None).get_repo(name))
