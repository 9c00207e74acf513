"""Holds the double of AWX against its vendor's client, awxkit: its library, and its command line."""

import json
import os
import subprocess
import sys

from awxkit import api, config
from awxkit.exceptions import BadRequest, MethodNotAllowed, NotFound, Unauthorized

url, token, user, password, awx = sys.argv[1:]


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error.msg
    raise SystemExit(f"expected {kind.__name__}")


config.base_url = url
config.assume_untrusted = False
config.client_connection_attempts = 1
root = api.Api()
v2 = root.get().available_versions.v2.get()
assert v2.ping.get().version == "23.3.1"
said = refused(Unauthorized, v2.me.get)
assert "Authentication credentials were not provided" in said["detail"], said
root.connection.login(user, password)
assert v2.me.get().results[0].username == user
root.connection.login(None, None, token=token)

found = v2.job_templates.get(name="restart", organization__name="acme")
assert found.count == 1, found
template = found.results[0]
refused(BadRequest, lambda: v2.job_templates.get(nope="x"))
refused(NotFound, lambda: template.walk("/api/v2/job_templates/99/"))
asks = template.related.launch.get()
assert asks.ask_variables_on_launch and asks.ask_job_type_on_launch and not asks.survey_enabled

job = template.launch({"extra_vars": {"tocsin_run": "key-1"}, "limit": "web-1", "job_type": "check", "diff_mode": True})
assert job.type == "job" and json.loads(job.extra_vars) == {"tocsin_run": "key-1"}, job
assert job.job_type == "check" and job.limit == "web-1", job
job.wait_until_completed(interval=0.05, timeout=20, since_job_created=False)
assert job.is_successful and job.finished, job
assert "+++ after" in job.result_stdout, job.result_stdout
hosts = job.related.job_host_summaries.get().results
assert [one.host_name for one in hosts] == ["web-1"], hosts
assert job.related.cancel.get().can_cancel is False
refused(MethodNotAllowed, job.related.cancel.post)

job = template.launch({"extra_vars": {"tocsin_run": "key-2"}})
job.cancel()
assert job.get().status == "canceled", job

fixed = v2.job_templates.get(name="fixed").results[0]
answer = fixed.related.launch.post({"limit": "web-1", "extra_vars": {"a": 1}}).json
assert answer["ignored_fields"] == {"limit": "web-1", "extra_vars": {"a": 1}} and answer["limit"] == "", answer
surveyed = v2.job_templates.get(name="surveyed").results[0]
said = refused(BadRequest, lambda: surveyed.related.launch.post({}))
assert said == {"variables_needed_to_start": ["'svc' value missing"]}, said
said = refused(BadRequest, lambda: template.related.launch.post({"inventory": 99}))
assert said == {"inventory": ['Invalid pk "99" - object does not exist.']}, said
workflow = v2.workflow_job_templates.get(name="repair").results[0]
answer = workflow.related.launch.post({"extra_vars": {"tocsin_run": "key-3"}}).json
assert answer["workflow_job"] == answer["id"] and answer["type"] == "workflow_job", answer


def cli(*arguments):
    command = [awx, "--conf.host", url, "--conf.token", token, "-f", "json", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    assert ran.returncode == 0, (arguments, ran.stdout, ran.stderr)
    return ran.stdout


said = cli("job_templates", "launch", "restart", "--extra_vars", '{"tocsin_run": "key-4"}', "--limit", "db-1", "--monitor", "--interval", "1")
assert "changed: [db-1]" in said and '"status": "successful"' in said, said
number = json.loads(said[said.index("\n{") :])["id"]
said = json.loads(cli("jobs", "get", str(number)))
assert said["status"] == "successful" and said["limit"] == "db-1", said
