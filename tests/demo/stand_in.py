"""Small stand-ins for the simulator and the nodes, as real processes, to test what starts, watches and ends them.

Usage as the project's command: ``simulator --http-port N --ready-file P --objects-file P …`` and ``node --config P``.
The nodes elect their master by a file lock, so a dead one is succeeded at once, and push every 50 ms.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import yaml

TARGET = {"name": "T", "invitations": 3, "goal_percent": 5.0}


def serve(port, answer):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlparse(self.path)
            body = answer(url.path, {key: values[0] for key, values in parse_qs(url.query).items()})
            payload = json.dumps(body).encode()
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def simulator(options):
    pushes = []

    def answer(path, query):
        if path == "/push":
            token = {key: int(query[key]) for key in ("epoch", "sequence")}
            record = {"index": len(pushes) + 1, "received_at": time.time(), "cluster_id": "c", "part": "1/1"}
            pushes.append({**record, **token, "accepted": True, "replayed": False, "reason": None})
            return {}
        if path == "/simulator/pushes":
            return {"pushes": pushes[int(query["after"]) :]}
        if path == "/simulator/status":
            rows = [{"name": "T", "served": 90 + len(pushes), "abandoned": 10}]
            so_far = {"busy_ratio": 0.7, "abandonment_percent": 2.5, "accepted_out_of_order": 0}
            return {**so_far, "time_seconds": len(pushes) / 20, "targets": rows}
        return None

    address = serve(int(options["--http-port"]), answer)
    Path(options["--objects-file"]).write_text(json.dumps({"push": address}))
    ready = {
        "http": address,
        "statistics": {"primary": "h:1", "backup": "h:2"},
        "objects_file": options["--objects-file"],
    }
    partial = Path(options["--ready-file"] + ".partial")
    partial.write_text(json.dumps(ready))
    partial.rename(options["--ready-file"])
    threading.Event().wait()


def node(options):
    own = yaml.safe_load(Path(options["--config"]).read_text())
    print("settings of the caller:", [name for name in os.environ if name.startswith("PACING_")], flush=True)
    shared = Path(own["seed"]).parent
    if (shared.parent / "nodes-fail").exists():
        sys.exit("this node cannot start: the reason")
    seed = yaml.safe_load(Path(own["seed"]).read_text())
    platform = json.loads(Path(seed["configServer"]["path"]).read_text())["push"]
    status = {"name": own["name"], "role": "standby", "epoch": 0, "pid": os.getpid(), "reachable": True}

    def told():
        (shared / f"{own['name']}.member").write_text(json.dumps(status))

    def members():
        found = [json.loads(path.read_text() or "{}") for path in sorted(shared.glob("*.member"))]
        return [{**member, "reachable": Path(f"/proc/{member['pid']}/cmdline").exists()} for member in found if member]

    def answer(path, query):
        if path == "/cluster":
            return {"cluster": own["cluster"], "members": members()}
        return {"/readiness": {}, "/targets": {"algorithm": "A", "targets": [TARGET]}}.get(path)

    serve(own["ports"]["default"], answer)
    told()
    with (shared / "mastership").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        status |= {"role": "master", "epoch": len(lock.read()) + 1}
        lock.write(".")
        lock.flush()
        told()
        for sequence in range(1, 100_000):
            urllib.request.urlopen(f"{platform}/push?epoch={status['epoch']}&sequence={sequence}").close()
            time.sleep(0.05)


if __name__ == "__main__":
    {"simulator": simulator, "node": node}[sys.argv[1]](dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True)))
