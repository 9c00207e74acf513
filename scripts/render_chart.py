"""Renders the chart as `helm template` does, for where there is no helm: the templates by a Go
template engine with Helm's functions, the values laid over the chart's own and checked against its
schema. Every document must be a manifest that Kubernetes knows; of kinds that it does not know by
itself (`ServiceMonitor`, `PrometheusRule`) only the shape of a manifest is checked.

    render_chart.py CHART [VALUES.yaml …]      prints the manifests
    render_chart.py CHART --check              renders with each of CHART/ci/*.yaml and checks
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml
from gotpl.exts.helm import HelmTemplateEngine

RELEASE = {"Name": "release", "Namespace": "operations", "Service": "Helm", "Revision": 1}
# Of the operator of Prometheus; Kubernetes knows nothing of them.
FOREIGN = {"ServiceMonitor", "PrometheusRule"}
KUBERNETES = ["1.27", "1.31"]


class Files:
    """`.Files` of a chart."""

    def __init__(self, chart):
        self.chart = chart

    def Get(self, name):  # noqa: N802 (Helm's own name)
        return (self.chart / name).read_text()


def laid_over(below, above):
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    keys = list(below) + [key for key in above if key not in below]
    return {
        key: laid_over(below.get(key), above[key]) if key in above else below[key] for key in keys
    }


def values_of(chart, paths):
    values = yaml.safe_load((chart / "values.yaml").read_text())
    for path in paths:
        values = laid_over(values, yaml.safe_load(pathlib.Path(path).read_text()) or {})
    jsonschema.validate(values, json.loads((chart / "values.schema.json").read_text()))
    return values


def render(chart, paths):
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    root = {
        "Values": values_of(chart, paths),
        "Chart": {key[0].upper() + key[1:]: value for key, value in about.items()},
        "Release": RELEASE,
        "Files": Files(chart),
        "Capabilities": {"KubeVersion": {"Version": "v1.31.0"}},
        "Template": {"BasePath": "templates"},
    }
    sources = {
        str(path.relative_to(chart)): path.read_text()
        for path in sorted((chart / "templates").iterdir())
    }
    engine = HelmTemplateEngine.from_sources(sources)
    wanted = {name: root for name in sources if not name.rsplit("/")[-1].startswith("_")}
    return engine.render(wanted)


def manifests(rendered):
    for name, text in rendered.items():
        if name.endswith((".yaml", ".yml")):
            for document in yaml.safe_load_all(text):
                if document is not None:
                    yield name, document


def check(chart, paths):
    seen = []
    for name, manifest in manifests(render(chart, paths)):
        what = f"{manifest['kind']} {manifest['metadata']['name']}"
        if (manifest["kind"], manifest["metadata"]["name"]) in seen:
            raise ValueError(f"{name}: {what} is there twice")
        seen.append((manifest["kind"], manifest["metadata"]["name"]))
        if manifest["kind"] in FOREIGN:
            if not manifest["apiVersion"].startswith("monitoring.coreos.com/"):
                raise ValueError(f"{name}: {what} is of no known interface")
            continue
        for version in KUBERNETES:
            kubernetes_validate.validate(manifest, version, strict=True)
        is_of_pods = manifest["kind"] == "Deployment"
        if is_of_pods:
            selector = manifest["spec"]["selector"]["matchLabels"]
            labels = manifest["spec"]["template"]["metadata"]["labels"]
            if not selector.items() <= labels.items():
                raise ValueError(f"{name}: {what} does not select its own pods")
    return [kind for kind, _ in seen]


def main():
    chart = pathlib.Path(sys.argv[1])
    if sys.argv[2:] != ["--check"]:
        for name, text in render(chart, sys.argv[2:]).items():
            print(f"---\n# Source: {name}\n{text.strip()}")
        return
    for path in sorted((chart / "ci").glob("*.yaml")):
        kinds = check(chart, [path])
        print(f"{path.name}: {len(kinds)} manifests ({', '.join(sorted(set(kinds)))})")
    # What must be refused is refused.
    for wrong in ["{}", "existingSecret: x\nworker: {replicas: -1}", "existingSecret: x\nwroker: {}"]:
        path = pathlib.Path(sys.argv[1]) / "ci" / ".wrong.yaml"
        path.write_text(wrong)
        try:
            check(chart, [path])
        except Exception:
            continue
        finally:
            path.unlink()
        raise SystemExit(f"these values should have been refused: {wrong!r}")


if __name__ == "__main__":
    main()
