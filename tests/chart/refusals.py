"""Values that must be refused: beside those of the trial, each with what the refusal names."""

from __future__ import annotations

from typing import Any

SCHEMA_REFUSALS: dict[str, dict[str, Any]] = {
    "an unknown key": {"replica": 3},
    "an unknown key below": {"zookeeper": {"host": "zk:2181"}},
    "a key of another place": {"tls": {"http": {"allowedNames": ["x"]}}},
    "a cluster of one": {"replicas": 1},
    "members without a proof": {"access": {"existingSecret": ""}},
    "two ensembles": {"zookeeper": {"hosts": ["zk:2181"]}},
    "no ensemble": {"zookeeper": {"bundled": {"enabled": False}}},
    "a host without a port": {"zookeeper": {"bundled": {"enabled": False}, "hosts": ["zk"]}},
    "TLS to the bundled ensemble": {"zookeeper": {"tls": {"existingSecret": "x"}}},
    "users of the bundled ensemble": {"zookeeper": {"acl": {"existingSecret": "x"}}},
    "a tick below that of the bundled ensemble": {"zookeeper": {"tickSeconds": 0.2}},
    "a heartbeat above T/8": {"zookeeper": {"heartbeatSeconds": 0.51}},
    "a heartbeat above T/8 for a short T": {"zookeeper": {"sessionTimeoutSeconds": 3}},
    "a tick above T/2": {"zookeeper": {"tickSeconds": 2.5}},
    "a push budget above T/3": {"pushBudgetSeconds": 1.4},
    "a session time-out that is no whole number": {"zookeeper": {"sessionTimeoutSeconds": 4.5}},
    "a session time-out below 2 s": {"zookeeper": {"sessionTimeoutSeconds": 1}},
    "a short failsafe": {"zookeeper": {"failsafeSeconds": 5}},
    "ports for this pod alone": {"bind": "127.0.0.1"},
    "a secret among the options": {
        "options": {"document": {"forward-proxy": {"host": "p", "port": 1, "password": "x"}}}
    },
    "a secret deep among the options": {"options": {"document": {"a": [{"b": {"token": "x"}}]}}},
    "options twice": {"options": {"existingSecret": "x"}},
    "options that name no statistics": {"options": {"document": {"statServer": None}}},
    "objects twice": {"objects": {"existingSecret": "x"}},
    "an Ingress without a host": {"ingress": {"enabled": True}},
    "a route without a gateway": {"gateway": {"enabled": True}},
    "a label that selects": {"podLabels": {"app.kubernetes.io/component": "x"}},
    "labelled pods of the account default": {
        "services": {"master": {"enabled": True}},
        "serviceAccount": {"create": False},
    },
    "a size that no row of the table has": {"targets": 5000},
    "a role that nobody has": {"tls": {"peers": {"enabled": True, "allowedNames": ["x=root"]}}},
    "a spread that Kubernetes does not know": {"topologySpread": {"host": "Always"}},
    "a policy that lets in nobody knows whom": {"networkPolicy": {"clients": [{}]}},
}
"""By what is wrong; the schema refuses them, so editors do too."""

TEMPLATE_REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "too little time to end": (
        {"terminationGracePeriodSeconds": 12},
        "terminationGracePeriodSeconds: found 12; allowed: at least 13.2",
    ),
    "failsafe below the session time-out": (
        {"zookeeper": {"sessionTimeoutSeconds": 30, "failsafeSeconds": 20}},
        "zookeeper.failsafeSeconds: found 20; allowed: 0, or at least the session time-out of 30 s",
    ),
    "certificates of nobody": (
        {"tls": {"http": {"enabled": True}}},
        "tls.http.existingSecret: found nothing; allowed: a Secret, or tls.certManager.issuerRef.name",
    ),
    "an Ingress to no Service": (
        {"ingress": {"enabled": True, "hosts": ["a.example.com"]}, "services": {"public": {"enabled": False}}},
        "ingress.enabled: found true; allowed: only with services.public.enabled",
    ),
    "a route to no Service": (
        {"gateway": {"enabled": True, "parentRefs": [{"name": "x"}]}, "services": {"public": {"enabled": False}}},
        "gateway.enabled: found true; allowed: only with services.public.enabled",
    ),
    "a name of the cluster that is too long": (
        {"cluster": "c" * 65},
        "cluster",
    ),
}
"""What takes arithmetic, or several places: helm refuses it while it renders, with these words."""
