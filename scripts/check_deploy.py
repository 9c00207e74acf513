"""Checks docker-compose.yml, Prometheus' rules and Grafana's dashboards for what their schemas cannot
know: what is published, which metrics there are, and that every expression is one."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

METRICS = "\n".join(
    path.read_text() for path in sorted(pathlib.Path("server/app/src").glob("metrics*/**/*.rs"))
) + pathlib.Path("server/app/src/metrics.rs").read_text()
problems = []


def check_compose():
    compose = yaml.safe_load(pathlib.Path("docker-compose.yml").read_text())
    used = set()
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                problems.append(f"docker-compose.yml: `{name}` publishes {port} beyond 127.0.0.1")
        for need in ["logging", "restart", "networks"]:
            if need not in service:
                problems.append(f"docker-compose.yml: `{name}` has no `{need}`")
        if service.get("image", "").endswith(":latest") or ":" not in service.get("image", ""):
            problems.append(f"docker-compose.yml: `{name}` has an image of no fixed version")
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|KEY$", key) and not str(value).startswith("/run/secrets/"):
                if not key.endswith("HTTP"):
                    problems.append(f"docker-compose.yml: `{name}` has the secret `{key}` in it")
        used.update(service.get("secrets", []))
        named = [volume.split(":")[0] for volume in service.get("volumes", []) if ":" in volume]
        named = [volume for volume in named if not volume.startswith((".", "/"))]
        for kind, wanted in [
            ("networks", service.get("networks", [])),
            ("volumes", named),
            ("services", service.get("depends_on", {})),
        ]:
            for missing in set(wanted) - set(compose[kind]):
                problems.append(f"docker-compose.yml: `{name}` wants {missing} of no {kind}")
    for secret in used ^ set(compose["secrets"]):
        problems.append(f"docker-compose.yml: the secret `{secret}` is not both made and used")
    made = pathlib.Path("deploy/make-secrets.sh").read_text()
    for secret in compose["secrets"]:
        if secret not in made:
            problems.append(f"deploy/make-secrets.sh: makes no `{secret}`")


def expressions():
    for path in sorted(pathlib.Path("deploy/grafana").glob("*.json")):
        dashboard = json.loads(path.read_text())
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            problems.append(f"{path}: two panels have one id")
        if dashboard["uid"] != path.stem:
            problems.append(f"{path}: `uid` is not the name of the file")
        taken = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            if cells & taken or place["x"] + place["w"] > 24:
                problems.append(f"{path}: `{panel['title']}` lies over another panel")
            taken |= cells
            for target in panel["targets"]:
                yield f"{path}, `{panel['title']}`", target["expr"].replace("$job", "tocsin.*")
    rules = yaml.safe_load(pathlib.Path("deploy/prometheus/tocsin.rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield f"the rule {rule['alert']}", rule["expr"]


def check_expressions():
    found = list(expressions())
    for place, expression in found:
        for name in re.findall(r"\btocsin_([a-z_]+)", expression):
            plain = re.sub("_(bucket|sum|count)$", "", name)
            if not re.search(rf'"{plain}"|tocsin_{plain}\b', METRICS):
                problems.append(f"{place}: the server has no metric `tocsin_{name}`")
    if not shutil.which("promtool"):
        print("SKIPPED: expressions of dashboards: there is no promtool here", file=sys.stderr)
        return
    rules = [{"record": "x", "expr": expression} for _, expression in found]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        for at, rule in enumerate(rules):
            rule["labels"] = {"at": str(at)}
        yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}, file)
        file.flush()
        checked = subprocess.run(
            ["promtool", "check", "rules", file.name], capture_output=True, text=True
        )
        if checked.returncode:
            problems.append(checked.stdout + checked.stderr)
    print(f"{len(found)} expressions checked")


check_compose()
check_expressions()
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
