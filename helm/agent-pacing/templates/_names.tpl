{{- define "pacing.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pacing.cluster" -}}
{{- .Values.cluster | default (printf "%s.%s" .Release.Namespace (include "pacing.fullname" .) | trunc 64) -}}
{{- end -}}

{{- define "pacing.headless" -}}{{ include "pacing.fullname" . }}-members{{- end -}}
{{- define "pacing.domain" -}}{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}{{- end -}}
{{- define "pacing.headlessHost" -}}{{ include "pacing.headless" . }}.{{ include "pacing.domain" . }}{{- end -}}
{{- define "pacing.zookeeper" -}}{{ include "pacing.fullname" . }}-zookeeper{{- end -}}
{{- define "pacing.clientLabel" -}}
{{- .Values.networkPolicy.clientLabel | default (printf "%s-client" (include "pacing.fullname" .)) -}}
{{- end -}}
{{- define "pacing.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "pacing.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}
{{- define "pacing.image" -}}
{{- .Values.image.repository -}}
{{- if .Values.image.digest -}}@{{ .Values.image.digest }}{{- else -}}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- define "pacing.peerSecret" -}}
{{- .Values.tls.peers.existingSecret | default (printf "%s-peers" (include "pacing.fullname" .)) -}}
{{- end -}}
{{- define "pacing.httpSecret" -}}
{{- .Values.tls.http.existingSecret | default (printf "%s-http" (include "pacing.fullname" .)) -}}
{{- end -}}

{{- /* Selectors must never change: an upgrade could not replace the StatefulSet. */ -}}
{{- define "pacing.selector" -}}
app.kubernetes.io/name: agent-pacing
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pacing.labels" -}}
{{ include "pacing.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Without the versions of chart and program: a chart that changes nothing of the pods must not restart them. */ -}}
{{- define "pacing.podLabels" -}}
{{ include "pacing.selector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pacing.hosts" -}}
{{- if .Values.zookeeper.bundled.enabled -}}
{{- $hosts := list -}}
{{- range $number := list 1 2 3 -}}
{{- $hosts = append $hosts (printf "%s-%d.%s.%s:2181" (include "pacing.zookeeper" $) $number (include "pacing.zookeeper" $) (include "pacing.domain" $)) -}}
{{- end -}}
{{- join "," $hosts -}}
{{- else -}}
{{- join "," .Values.zookeeper.hosts -}}
{{- end -}}
{{- end -}}
