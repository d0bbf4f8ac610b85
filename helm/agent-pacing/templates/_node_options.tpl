{{- /* node.yaml; name and host come from the pod, by variables. */ -}}
{{- define "pacing.nodeOptions" -}}
{{- $zookeeper := .Values.zookeeper -}}
cluster: {{ include "pacing.cluster" . | quote }}
bind: {{ .Values.bind | quote }}
ports:
  default: 8080
  clustering: 7800
  health: 7801
  {{- if .Values.services.public.enabled }}
  public: 8081
  {{- end }}
http:
  connections: {{ .Values.http.connections }}
  connections_per_address: {{ .Values.http.connectionsPerAddress }}
  reads_per_second: {{ .Values.http.readsPerSecond }}
  {{- with .Values.http.trustedProxies }}
  trusted_proxies: {{ toJson . }}
  {{- end }}
{{- if .Values.tls.http.enabled }}
certificates:
  certificate: /etc/agent-pacing/tls/http/tls.crt
  private_key: /etc/agent-pacing/tls/http/tls.key
{{- end }}
{{- if .Values.tls.peers.enabled }}
peer_certificates:
  certificate: /etc/agent-pacing/tls/peers/tls.crt
  private_key: /etc/agent-pacing/tls/peers/tls.key
  authorities: /etc/agent-pacing/tls/peers/ca.crt
  allowed_names: {{ toJson (prepend .Values.tls.peers.allowedNames (include "pacing.headlessHost" .)) }}
{{- end }}
{{- if .Values.access.existingSecret }}
access:
  secret_file: /etc/agent-pacing/access/secret
{{- end }}
zookeeper:
  hosts: {{ include "pacing.hosts" . | quote }}
  root: {{ $zookeeper.root | quote }}
  session_timeout_seconds: {{ $zookeeper.sessionTimeoutSeconds }}
  heartbeat_seconds: {{ $zookeeper.heartbeatSeconds }}
  {{- if not (kindIs "invalid" $zookeeper.tickSeconds) }}
  tick_seconds: {{ $zookeeper.tickSeconds }}
  {{- else if $zookeeper.bundled.enabled }}
  tick_seconds: 0.5
  {{- end }}
  failsafe: {{ $zookeeper.failsafeSeconds }}
  {{- with $zookeeper.tls }}
  {{- if .existingSecret }}
  tls:
    authorities: /etc/agent-pacing/tls/zookeeper/{{ .authoritiesKey }}
    {{- if .certificateKey }}
    certificate: /etc/agent-pacing/tls/zookeeper/{{ .certificateKey }}
    private_key: /etc/agent-pacing/tls/zookeeper/{{ .privateKeyKey }}
    {{- end }}
  {{- end }}
  {{- end }}
state_directory: /var/lib/agent-pacing/state
seed: /etc/agent-pacing/cluster/cluster.yaml
push_budget_seconds: {{ .Values.pushBudgetSeconds }}
log:
  level: {{ .Values.log.level }}
  format: {{ .Values.log.format }}
{{- end -}}
