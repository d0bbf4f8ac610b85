# The image of a node, and with `--target simulator` the one of the simulated contact centre, the drills and the benchmarks.
# Build it with scripts/build_image.sh, or anywhere: docker build --target node .
# Packages come from where pip is told to look by the optional secrets `pip` (its configuration) and `ca`
# (authorities), so that no layer says where that is. BASE: any image with Python 3.11 or later and its module venv.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/pacing
COPY requirements/node.lock requirements/runtime.lock requirements/
COPY deploy/image/trim_packages.sh deploy/image/strip_libraries.py deploy/image/
RUN --mount=type=secret,id=pip --mount=type=secret,id=ca set -e; \
    if [ -f /run/secrets/pip ]; then export PIP_CONFIG_FILE=/run/secrets/pip; fi; \
    /opt/build/bin/pip install --quiet --require-hashes -r requirements/runtime.lock; \
    /opt/build/bin/pip --python /opt/pacing/bin/python3 install --quiet --require-hashes -r requirements/node.lock; \
    deploy/image/trim_packages.sh /opt/pacing/lib/python3*/site-packages; \
    for place in /opt/build /opt/pacing; do \
      python3 -m compileall -q --invalidation-mode unchecked-hash "$place"/lib/python3*/site-packages; \
    done
COPY . .
# Own packages alone are compiled here; the others are, in a layer that changes with the lock files only.
RUN set -e; \
    /opt/build/bin/python -m hatchling build -t wheel -d /tmp/wheel >/dev/null; \
    for place in /opt/build /opt/pacing; do \
      /opt/build/bin/pip --python "$place/bin/python3" install --quiet --no-index --no-deps /tmp/wheel/*.whl; \
      for package in cluster contact_center pacing_node simulator terminal; do \
        python3 -m compileall -q --invalidation-mode unchecked-hash "$place"/lib/python3*/site-packages/$package; \
      done; \
    done; \
    rm -rf /opt/pacing/lib/python3*/site-packages/simulator /opt/pacing/bin/[Aa]ctivate*; \
    find /opt/pacing/bin -type f ! -name pacing -delete; \
    rm -f /opt/*/lib/python3*/site-packages/agent_pacing-*.dist-info/direct_url.json

FROM ${BASE} AS base
COPY deploy/image/trim_base.sh /tmp/
RUN sh /tmp/trim_base.sh
# The root file system may be read-only: what a node writes goes to its state directory.
RUN echo 'pacing:x:10001:10001::/var/lib/pacing:/usr/sbin/nologin' >>/etc/passwd && echo 'pacing:x:10001:' >>/etc/group && \
    install -d -m 0700 -o 10001 -g 10001 /var/lib/pacing && install -d -m 0750 -o 10001 -g 10001 /etc/pacing/secrets

# In one layer, for what was removed would otherwise stay in the one below.
FROM scratch AS runtime
COPY --from=base / /
ARG VERSION=0 REVISION=unknown CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="agent-pacing" \
      org.opencontainers.image.description="How many proactive invitations a contact centre can honour in the next interval" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
ENV PATH=/opt/pacing/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /var/lib/pacing
USER 10001:10001
ENTRYPOINT ["pacing"]

FROM runtime AS simulator
COPY --from=build /opt/build /opt/build
ENV PATH=/opt/build/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
EXPOSE 7000 7001 7100 8200
CMD ["simulator"]

FROM runtime AS node
COPY --from=build /opt/pacing /opt/pacing
ENV PACING_BIND=0.0.0.0 PACING_PORTS_HEALTH=7801 PACING_STATE_DIRECTORY=/var/lib/pacing/state
VOLUME /var/lib/pacing
EXPOSE 8080 8081 7800 7801
# Liveness and readiness are told apart by orchestrators; here it is whether the node has its options and can take over.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/opt/pacing/bin/python3", "-m", "cluster.admin.health_check", "127.0.0.1:7801"]
CMD ["node"]
