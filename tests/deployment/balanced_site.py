"""A site whose nodes have all ports, and the addresses that stand in the configurations of `deploy/` for its own."""

from __future__ import annotations

from tests.support.cluster_site import Site

HOST = "127.0.0.1"
NUMBERS = (1, 2, 3)


class BalancedSite(Site):
    """What the files in `deploy/` call 10.0.0.1 to 10.0.0.3."""

    ports: dict[str, dict[str, int]]
    """Ports `public` and `health` of each node."""

    def places(self) -> dict[str, str]:
        """Addresses as the files have them, and those of this site."""
        found = {}
        for number in NUMBERS:
            plan = self.plans[f"node-{number}"]
            own = self.ports[plan.name]
            there = {8080: plan.http_port, 8081: own["public"], 7800: plan.clustering_port, 7801: own["health"]}
            found |= {f"10.0.0.{number}:{port}": f"{HOST}:{here}" for port, here in there.items()}
        return found
