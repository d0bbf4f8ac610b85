{{- /* Follows the node's health port and labels the pod: only this container holds a token of the API server. */ -}}
{{- define "pacing.labelContainer" -}}
- name: label
  image: {{ include "pacing.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args: [label-pod, --health, "$(POD_ADDRESS):7801"]
  env:
    - {name: POD_ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
  resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 128Mi}}
  securityContext: {{- include "pacing.containerSecurity" . | nindent 4 }}
  volumeMounts:
    - {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end -}}

{{- define "pacing.tokenVolume" -}}
- name: token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3600}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
{{- end -}}
