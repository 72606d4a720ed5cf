"""deploy/kubernetes: the manifests fit together, and what they set is right.

kubeconform and a cluster are not of Debian: what the API server would check
of types is not checked here.
"""

import os
import re
import shutil
import subprocess

import pytest

from house import House

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
FILE = os.path.join(TOP, "deploy/kubernetes/leadbridge.yaml")


@pytest.fixture(scope="module")
def manifests():
    yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")
    with open(FILE) as f:
        found = list(yaml.safe_load_all(f))
    by_kind = {m["kind"]: m for m in found}
    assert len(by_kind) == len(found)
    return by_kind


@pytest.fixture(scope="module")
def pod(manifests):
    return manifests["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod):
    [one] = pod["containers"]
    return one


def test_the_kinds(manifests):
    assert {k: m["apiVersion"] for k, m in manifests.items()} == {
        "ConfigMap": "v1", "Secret": "v1", "Service": "v1",
        "Deployment": "apps/v1", "PodDisruptionBudget": "policy/v1",
        "NetworkPolicy": "networking.k8s.io/v1"}
    for m in manifests.values():
        assert m["metadata"] == {"name": "leadbridge",
                                 "labels": {"app": "leadbridge"}}


def test_yamllint_has_nothing_to_say():
    lint = shutil.which("yamllint")
    if lint is None:
        pytest.skip("yamllint is not installed")
    rules = ("{extends: default, rules: {line-length: disable,"
             " comments: {min-spaces-from-content: 2}}}")
    done = subprocess.run([lint, "-s", "-d", rules, FILE], text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stdout


def test_what_selects_selects_the_pods(manifests):
    d = manifests["Deployment"]["spec"]
    labels = d["template"]["metadata"]["labels"]
    assert d["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    for kind, name in (("PodDisruptionBudget", "selector"),
                       ("NetworkPolicy", "podSelector")):
        assert manifests[kind]["spec"][name]["matchLabels"] == labels


def test_one_may_go_and_one_stays(manifests):
    d = manifests["Deployment"]["spec"]
    assert d["replicas"] > manifests["PodDisruptionBudget"]["spec"][
        "minAvailable"] >= 1
    assert d["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_the_pod_is_confined(pod, container):
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001,
        "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]}}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    with open(TOP + "/deploy/Containerfile") as f:
        assert "USER 10001:10001\n" in f.read()


def test_the_probes_ask_what_answers_them(container):
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    assert ports == {"webhooks": 8443, "admin": 9180}
    for probe, path in (("startupProbe", "/healthz"),
                        ("livenessProbe", "/healthz"),
                        ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {
            "path": path, "port": "admin", "scheme": "HTTPS"}


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def test_it_has_the_time_to_end(manifests, pod, container):
    cfg = manifests["ConfigMap"]["data"]["leadbridge.cfg"]
    drain = seconds(re.search(r'drain_timeout = "(\w+)"', cfg)[1])
    wait = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= drain + wait + 30


def test_only_monitoring_reaches_the_admin_endpoint(manifests):
    rules = manifests["NetworkPolicy"]["spec"]
    assert set(rules["policyTypes"]) == {"Ingress", "Egress"}
    for rule in rules["ingress"]:
        if any(p["port"] == "admin" for p in rule["ports"]):
            assert rule["from"], "from anywhere"
    opened = {p["port"] for rule in rules["egress"] for p in rule["ports"]}
    assert opened == {53, 443, 5432}
    [port] = manifests["Service"]["spec"]["ports"]
    assert port["targetPort"] == "webhooks"


def test_each_file_that_is_mounted_is_there(manifests, pod, container):
    volumes = {v["name"] for v in pod["volumes"]}
    mounted = {}
    for m in container["volumeMounts"]:
        assert m["name"] in volumes
        if "subPath" in m:
            mounted[m["subPath"]] = m["mountPath"]
    data = manifests["ConfigMap"]["data"]
    assert set(mounted) == set(data)
    assert mounted.pop("leadbridge.cfg") == "/etc/leadbridge/leadbridge.cfg"
    assert all(path == f"/etc/leadbridge/mappings/{name}"
               for name, path in mounted.items())


def test_the_secret_has_what_the_settings_take_and_no_value(manifests):
    cfg = manifests["ConfigMap"]["data"]["leadbridge.cfg"]
    taken = set(re.findall(r'env = "(\w+)"', cfg))
    values = manifests["Secret"]["stringData"]
    assert set(values) == taken | {"PGPASSWORD"}
    assert all(v.startswith("CHANGE-ME") for v in values.values())


def test_the_settings_pass_check(build, tmp_path, manifests, container):
    limits = container["resources"]["limits"]
    h = House(build, tmp_path, upstream="http://127.0.0.1:9", mappings={"x": ""})
    data = manifests["ConfigMap"]["data"]
    shutil.rmtree(h.path("mappings"))
    for name, text in data.items():
        where = name if name == "leadbridge.cfg" else f"mappings/{name}"
        h.write(where, text.replace("/etc/leadbridge", h.folder))
    # As a Secret of the type kubernetes.io/tls is mounted.
    os.makedirs(h.path("tls/..2026"))
    os.symlink("..2026", h.path("tls/..data"))
    for name, made in (("tls.crt", "server.pem"), ("tls.key", "server.key")):
        shutil.copy(f"{h.certs}/{made}", h.path(f"tls/..2026/{name}"))
        os.chmod(h.path(f"tls/..2026/{name}"), 0o440)
        os.symlink(f"..data/{name}", h.path(f"tls/{name}"))
    env = {name: f"a-value-of-{name}"
           for name in manifests["Secret"]["stringData"]}
    env["JOURNAL_KEY"] = "0f" * 32
    check = [h.program, "check", "-c", h.path("leadbridge.cfg")]
    done = subprocess.run(check, env=dict(os.environ, **env), text=True,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "ok, 1 route\n" in done.stdout
    [worst] = re.findall(r"^worst case: (\d+) MB", done.stdout, re.M)
    assert limits == {"memory": "1Gi"} and int(worst) < 1024
    # It looks at all of it: a variable that is not there is a fault.
    del env["ADMIN_TOKEN"]
    done = subprocess.run(check, env=dict(os.environ, **env), text=True,
                          capture_output=True)
    assert done.returncode == 1 and "ADMIN_TOKEN" in done.stderr
