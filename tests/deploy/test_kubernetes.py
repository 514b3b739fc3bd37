"""The manifests of deploy/kubernetes, against Kubernetes' own schemas and each other."""

import tomllib
from typing import Any, Final

import kubernetes_validate  # type: ignore[import-untyped]
import yaml

from tests.case import Case
from tests.deploy.files import DEPLOY, read

#: The oldest and the newest release that everybody's schemas are there for.
_RELEASES: Final = ("1.29", "1.34")
#: What the last replies and the end of the process may take.
_SLACK_S: Final = 5

_KINDS: Final = {
    "ConfigMap",
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Secret",
    "Service",
}


def manifests() -> dict[str, Any]:
    """Return all objects, by their kinds."""
    objects = [yaml.safe_load(path.read_text()) for path in (DEPLOY / "kubernetes").glob("*.yaml")]
    return {each["kind"]: each for each in objects}


class Manifests(Case):
    def setUp(self) -> None:
        super().setUp()
        self.objects = manifests()
        self.pod = self.objects["Deployment"]["spec"]["template"]
        self.container = self.pod["spec"]["containers"][0]
        self.settings = tomllib.loads(self.objects["ConfigMap"]["data"]["ollamaproxy.toml"])

    def test_schemas(self) -> None:
        """Every object is one that Kubernetes takes, old and new, with no key that is unknown."""
        self.assertEqual(set(self.objects), _KINDS)
        for each in self.objects.values():
            for release in _RELEASES:
                kubernetes_validate.validate(each, release, strict=True)

    def test_unknown_keys_would_be_noticed(self) -> None:
        """The schemas are strict: a key that is misspelt is an error."""
        self.container["securityContext"]["readOnlyRootFileSystem"] = True
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(self.objects["Deployment"], _RELEASES[-1], strict=True)

    def test_time_to_stop(self) -> None:
        """The grace period is what the daemon takes to stop, and five seconds."""
        takes_s = self.settings["drain-delay"] + self.settings["drain-timeout"]
        grace_s = self.pod["spec"]["terminationGracePeriodSeconds"]
        self.assertEqual(grace_s, takes_s + _SLACK_S)

    def test_time_to_be_noticed(self) -> None:
        """The daemon serves on for longer than the cluster takes to see that it is not ready."""
        probe = self.container["readinessProbe"]
        noticed_s = (probe["periodSeconds"] + probe["timeoutSeconds"]) * probe["failureThreshold"]
        self.assertGreater(self.settings["drain-delay"], noticed_s)

    def test_ports(self) -> None:
        """Probes ask the admin port, clients the other one, and the daemon listens on both."""
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        [admin] = [it for it in self.container["args"] if it.startswith("--admin-listen=")]
        self.assertEqual(admin, f"--admin-listen=0.0.0.0:{ports['admin']}")
        # The image has a variable for it, which would win over the file.
        self.assertNotIn("admin-listen", self.settings)
        self.assertEqual(ports["ollama"], self.settings.get("port", 11434))
        for name, path in (("readiness", "/readyz"), ("liveness", "/healthz")):
            self.assertEqual(
                self.container[f"{name}Probe"]["httpGet"], {"path": path, "port": "admin"}
            )
        annotations = self.pod["metadata"]["annotations"]
        self.assertEqual(annotations["prometheus.io/port"], str(ports["admin"]))
        service_ports = self.objects["Service"]["spec"]["ports"]
        self.assertEqual([port["targetPort"] for port in service_ports], ["ollama"])
        rules = self.objects["NetworkPolicy"]["spec"]["ingress"]
        self.assertLessEqual({port["port"] for rule in rules for port in rule["ports"]}, set(ports))

    def test_labels(self) -> None:
        """Everything that selects the pods selects these."""
        labels = self.pod["metadata"]["labels"]
        for selector in (
            self.objects["Deployment"]["spec"]["selector"]["matchLabels"],
            self.objects["Service"]["spec"]["selector"],
            self.objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
            self.objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        ):
            self.assertEqual(selector, labels)

    def test_volumes(self) -> None:
        """The daemon finds its settings and its key where it is told to look for them."""
        mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        flags = self.container["args"]
        config = flags[flags.index("--config") + 1]
        self.assertEqual(config, f"{mounts['config']}/ollamaproxy.toml")
        self.assertEqual(self.settings["api-key-file"], f"{mounts['secret']}/api-key")
        self.assertIn("api-key", self.objects["Secret"]["stringData"])
        volumes = {volume["name"]: volume for volume in self.pod["spec"]["volumes"]}
        self.assertEqual(
            volumes["config"]["configMap"]["name"], self.objects["ConfigMap"]["metadata"]["name"]
        )
        self.assertEqual(
            volumes["secret"]["secret"]["secretName"], self.objects["Secret"]["metadata"]["name"]
        )
        # The pods' user is in this group, and in no other.
        self.assertEqual(volumes["secret"]["secret"]["defaultMode"], 0o440)
        self.assertEqual(
            self.pod["spec"]["securityContext"]["fsGroup"],
            self.pod["spec"]["securityContext"]["runAsGroup"],
        )

    def test_user(self) -> None:
        """The pod runs as the user that the image is made for."""
        user = self.pod["spec"]["securityContext"]["runAsUser"]
        self.assertIn(f"\nUSER {user}:", read("docker/Dockerfile"))
