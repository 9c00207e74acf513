"""Holds the double of HCP Terraform against its vendor's client, pytfe."""

import sys
import time

from pytfe import TFEClient, TFEConfig
from pytfe.errors import AuthError, NotFound, TFEError
from pytfe.models import RunApplyOptions, RunCreateOptions, RunDiscardOptions, RunListOptions, RunVariable, Workspace

url, token, organization, workspace = sys.argv[1:]


def client(token):
    return TFEClient(TFEConfig(address=url, token=token, max_retries=0, http2=False))


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise SystemExit(f"expected {kind.__name__}")


def until(run, *states):
    for _ in range(200):
        now = tfe.runs.read(run.id)
        if now.status.value in states:
            return now
        time.sleep(0.01)
    raise SystemExit(f"{run.id} is {now.status}")


tfe = client(token)
refused(AuthError, lambda: client("wrong").runs.read("run-1"))
shop = tfe.workspaces.read(workspace, organization=organization)
assert shop.name == workspace and not shop.auto_apply, shop
refused(NotFound, lambda: tfe.workspaces.read("nope", organization=organization))
refused(NotFound, lambda: tfe.runs.read("run-9"))


def make(message, **more):
    options = RunCreateOptions(workspace=Workspace(id=shop.id), message=message, auto_apply=False, **more)
    return tfe.runs.create(options)


run = make("key-1", variables=[RunVariable(key="flag", value='"on"')])
assert run.status.value == "pending" and run.actions.is_discardable and not run.actions.is_confirmable, run
refused(TFEError, lambda: tfe.runs.apply(run.id))
waiting = until(run, "planned")
assert waiting.actions.is_confirmable and waiting.has_changes and waiting.auto_apply is False, waiting
plan = tfe.plans.read(waiting.plan.id)
assert (plan.resource_additions, plan.resource_changes, plan.resource_destructions) == (1, 0, 0), plan
shown = tfe.plans.read_json_output(waiting.plan.id)
assert shown["resource_changes"][0]["change"]["actions"] == ["create"], shown

behind = make("key-2")
assert tfe.runs.read(behind.id).status.value == "pending", "one run at a time"
tfe.runs.apply(run.id, RunApplyOptions(comment="yes"))
refused(TFEError, lambda: tfe.runs.apply(run.id))
done = until(run, "applied")
assert tfe.applies.read(done.apply.id).status.value == "finished"
refused(TFEError, lambda: tfe.runs.discard(run.id))
until(behind, "planned")
tfe.runs.discard(behind.id, RunDiscardOptions(comment="no"))
assert tfe.runs.read(behind.id).status.value == "discarded"

only = make("key-3", plan_only=True)
until(only, "planned_and_finished")
stopped = make("key-4")
until(stopped, "planning")
tfe.runs.cancel(stopped.id)
assert tfe.runs.read(stopped.id).status.value == "canceled"
messages = [one.message for one in tfe.runs.list(shop.id, RunListOptions(page_size=2))]
assert messages == ["key-4", "key-3", "key-2", "key-1"], messages
