{{- /* TCP ports of the servers that options.document names, as a JSON list of numbers. */ -}}
{{- define "pacing.serverPorts" -}}
{{- $found := .Values.networkPolicy.outgoingPorts -}}
{{- $document := .Values.options.document | default dict -}}
{{- range $section := list "statServer" "configServer" "messageServer" -}}
  {{- $given := get $document $section -}}
  {{- if kindIs "map" $given -}}
    {{- range list (get $given "primary") (get $given "backup") -}}
      {{- $port := regexFind "[0-9]+$" (toString .) -}}
      {{- if $port }}{{ $found = append $found (int $port) }}{{ end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $proxy := get $document "forward-proxy" -}}
{{- if kindIs "map" $proxy -}}
  {{- with $proxy.port }}{{ $found = append $found (int .) }}{{ end -}}
{{- end -}}
{{- $endpoint := get $document "pacingEndpoint" -}}
{{- if kindIs "map" $endpoint -}}
  {{- $port := regexFind ":[0-9]+" (urlParse (toString $endpoint.url)).host -}}
  {{- if $port }}{{ $found = append $found (int (trimPrefix ":" $port)) }}{{ end -}}
{{- end -}}
{{- $numbers := list -}}
{{- range $found }}{{ $numbers = append $numbers (int .) }}{{ end -}}
{{- toJson (uniq $numbers) -}}
{{- end -}}

{{- /* Ports of an external ensemble, as a JSON list of numbers. */ -}}
{{- define "pacing.zookeeperPorts" -}}
{{- $found := list -}}
{{- range .Values.zookeeper.hosts }}{{ $found = append $found (int (regexFind "[0-9]+$" .)) }}{{ end -}}
{{- toJson (uniq $found) -}}
{{- end -}}
