#!/bin/sh
# Writes zoo.cfg from the variables that the public image understands, unless there is one, and becomes the server.
# Without ZOO_SERVERS it is alone.
set -eu
configuration=/conf/zoo.cfg
[ -f "$configuration" ] || {
  printf '%s\n' dataDir=/data dataLogDir=/datalog "tickTime=${ZOO_TICK_TIME:-2000}" "initLimit=${ZOO_INIT_LIMIT:-5}" \
    "syncLimit=${ZOO_SYNC_LIMIT:-2}" "maxClientCnxns=${ZOO_MAX_CLIENT_CNXNS:-60}" \
    "standaloneEnabled=${ZOO_STANDALONE_ENABLED:-true}" "admin.enableServer=${ZOO_ADMINSERVER_ENABLED:-true}" \
    "4lw.commands.whitelist=${ZOO_4LW_COMMANDS_WHITELIST:-srvr}"
  # Words, one line each.
  for line in ${ZOO_CFG_EXTRA:-} ${ZOO_SERVERS:-clientPort=2181}; do printf '%s\n' "$line"; done
} >"$configuration"
printf '%s\n' "${ZOO_MY_ID:-1}" >/data/myid
java=/usr/share/java
# shellcheck disable=SC2086 # several options
exec java ${JVMFLAGS:-} -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  -cp "$java/zookeeper.jar:$java/slf4j-simple.jar:$java/netty-codec.jar" org.apache.zookeeper.server.quorum.QuorumPeerMain "$configuration"
