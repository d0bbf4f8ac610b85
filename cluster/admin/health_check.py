"""Ask a health port whether a node is ready: `python -m cluster.admin.health_check HOST:PORT [SERVICE]`.

For container engines, which know no gRPC health checks of their own and run this every few seconds; so it loads nothing
but the call. Exit status 0 when the service is serving, 1 when it is not or does not answer, 2 for wrong usage.
"""

from __future__ import annotations

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_SECONDS = 3.0
_SERVING, _NOT_SERVING, _WRONG_USAGE = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    if len(arguments) not in {1, 2}:
        sys.stderr.write(f"{__doc__}\n")
        return _WRONG_USAGE
    address, service = arguments[0], "".join(arguments[1:])
    with grpc.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=_SECONDS)
        except grpc.RpcError as error:
            sys.stderr.write(f"{address} does not answer: {error.code().name}\n")
            return _NOT_SERVING
    name = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    sys.stdout.write(f"{name}\n")
    return _SERVING if answer.status == health_pb2.HealthCheckResponse.SERVING else _NOT_SERVING


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
