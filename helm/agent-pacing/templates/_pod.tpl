{{- define "pacing.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "pacing.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* By the sizing table of docs/deployment.md. No limit of the processor: throttling costs pushes their time. */ -}}
{{- define "pacing.resources" -}}
{{- if .Values.resources -}}
{{ toYaml .Values.resources }}
{{- else if eq (int .Values.targets) 10000 -}}
requests: {cpu: "1", memory: 768Mi}
limits: {memory: 1Gi}
{{- else -}}
requests: {cpu: 250m, memory: 256Mi}
limits: {memory: 512Mi}
{{- end -}}
{{- end -}}

{{- /* What a node, the Job of the options and the test have in common. */ -}}
{{- define "pacing.env" -}}
- {name: PACING_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: PACING_HOST, value: "$(PACING_NAME).{{ include "pacing.headlessHost" . }}"}
- {name: POD_ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
- {name: PACING_HEALTH_BIND, value: "$(POD_ADDRESS)"}
# Variables win over node.yaml, and the image sets these.
- {name: PACING_BIND, value: {{ .Values.bind | quote }}}
- {name: PACING_STATE_DIRECTORY, value: /var/lib/agent-pacing/state}
- {name: PACING_PORTS_HEALTH, value: "7801"}
{{- range $way := list "acl" "sasl" -}}
{{- $given := index $.Values.zookeeper $way -}}
{{- if $given.existingSecret }}
- name: PACING_ZOOKEEPER_{{ upper $way }}_USER
  valueFrom: {secretKeyRef: {name: {{ $given.existingSecret | quote }}, key: {{ $given.userKey | quote }}}}
- name: PACING_ZOOKEEPER_{{ upper $way }}_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $given.existingSecret | quote }}, key: {{ $given.passwordKey | quote }}}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "pacing.mounts" -}}
- {name: node, mountPath: /etc/agent-pacing/node, readOnly: true}
- {name: cluster, mountPath: /etc/agent-pacing/cluster, readOnly: true}
- {name: state, mountPath: /var/lib/agent-pacing}
- {name: tmp, mountPath: /tmp}
{{- if .Values.access.existingSecret }}
- {name: access, mountPath: /etc/agent-pacing/access, readOnly: true}
{{- end }}
{{- if .Values.tls.http.enabled }}
- {name: tls-http, mountPath: /etc/agent-pacing/tls/http, readOnly: true}
{{- end }}
{{- if .Values.tls.peers.enabled }}
- {name: tls-peers, mountPath: /etc/agent-pacing/tls/peers, readOnly: true}
{{- end }}
{{- if .Values.zookeeper.tls.existingSecret }}
- {name: tls-zookeeper, mountPath: /etc/agent-pacing/tls/zookeeper, readOnly: true}
{{- end }}
{{- if or .Values.objects.existingSecret .Values.objects.existingConfigMap }}
- {name: objects, mountPath: /etc/agent-pacing/objects, readOnly: true}
{{- end }}
{{- if .Values.files.existingSecret }}
- {name: files, mountPath: /etc/agent-pacing/files, readOnly: true}
{{- end }}
{{- end -}}

{{- define "pacing.volumes" -}}
- {name: node, configMap: {name: {{ include "pacing.fullname" . }}-node}}
{{- if .Values.options.existingSecret }}
- name: cluster
  secret:
    secretName: {{ .Values.options.existingSecret | quote }}
    defaultMode: 0440
    items: [{key: {{ .Values.options.key | quote }}, path: cluster.yaml}]
{{- else }}
- {name: cluster, configMap: {name: {{ include "pacing.fullname" . }}-options}}
{{- end }}
- {name: tmp, emptyDir: {medium: Memory, sizeLimit: 32Mi}}
{{- with .Values.access.existingSecret }}
- {name: access, secret: {secretName: {{ . | quote }}, defaultMode: 0440, items: [{key: {{ $.Values.access.secretKey | quote }}, path: secret}]}}
{{- end }}
{{- if .Values.tls.http.enabled }}
- {name: tls-http, secret: {secretName: {{ include "pacing.httpSecret" . | quote }}, defaultMode: 0440}}
{{- end }}
{{- if .Values.tls.peers.enabled }}
- {name: tls-peers, secret: {secretName: {{ include "pacing.peerSecret" . | quote }}, defaultMode: 0440}}
{{- end }}
{{- with .Values.zookeeper.tls.existingSecret }}
- {name: tls-zookeeper, secret: {secretName: {{ . | quote }}, defaultMode: 0440}}
{{- end }}
{{- if .Values.objects.existingSecret }}
- {name: objects, secret: {secretName: {{ .Values.objects.existingSecret | quote }}, defaultMode: 0440}}
{{- else if .Values.objects.existingConfigMap }}
- {name: objects, configMap: {name: {{ .Values.objects.existingConfigMap | quote }}}}
{{- end }}
{{- with .Values.files.existingSecret }}
- {name: files, secret: {secretName: {{ . | quote }}, defaultMode: 0440}}
{{- end }}
{{- end -}}

{{- /* The pod of a command that uses a node's options once: the Job of the options, the test. */ -}}
{{- define "pacing.commandPod" -}}
restartPolicy: Never
serviceAccountName: {{ include "pacing.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
securityContext: {{- include "pacing.podSecurity" .root | nindent 2 }}
containers:
  - name: {{ .name }}
    image: {{ include "pacing.image" .root | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: {{ toJson .args }}
    env: {{- include "pacing.env" .root | nindent 6 }}
    resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
    securityContext: {{- include "pacing.containerSecurity" .root | nindent 6 }}
    volumeMounts: {{- include "pacing.mounts" .root | nindent 6 }}
volumes:
  {{- include "pacing.volumes" .root | nindent 2 }}
  - {name: state, emptyDir: {sizeLimit: 16Mi}}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
