{{- /* What values.schema.json cannot compare: one line for each problem, in the form of the node's own messages. */ -}}
{{- define "pacing.problems" -}}
{{- $t := float64 .Values.zookeeper.sessionTimeoutSeconds -}}
{{- $grace := addf .Values.pushBudgetSeconds (float64 .Values.drainSeconds) 10.0 -}}
{{- if gt $grace (float64 .Values.terminationGracePeriodSeconds) }}
terminationGracePeriodSeconds: found {{ .Values.terminationGracePeriodSeconds }}; allowed: at least {{ $grace }}, pushBudgetSeconds + drainSeconds + 10
{{- end -}}
{{- $failsafe := float64 .Values.zookeeper.failsafeSeconds -}}
{{- if and (gt $failsafe 0.0) (lt $failsafe $t) }}
zookeeper.failsafeSeconds: found {{ .Values.zookeeper.failsafeSeconds }}; allowed: 0, or at least the session time-out of {{ $t }} s
{{- end -}}
{{- $issuer := .Values.tls.certManager.issuerRef.name -}}
{{- range $use, $tls := pick .Values.tls "http" "peers" -}}
{{- if and $tls.enabled (not $tls.existingSecret) (not $issuer) }}
tls.{{ $use }}.existingSecret: found nothing; allowed: a Secret, or tls.certManager.issuerRef.name
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.services.public.enabled) }}
ingress.enabled: found true; allowed: only with services.public.enabled
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.services.public.enabled) }}
gateway.enabled: found true; allowed: only with services.public.enabled
{{- end -}}
{{- if gt (len (include "pacing.cluster" .)) 64 }}
cluster: found {{ include "pacing.cluster" . }}; allowed: at most 64 characters
{{- end -}}
{{- end -}}

{{- define "pacing.check" -}}
{{- $problems := include "pacing.problems" . | trim -}}
{{- if $problems -}}{{- fail (printf "\n%s" $problems) -}}{{- end -}}
{{- end -}}
