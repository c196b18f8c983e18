{{/*
The rules of files/alerts/surety.yaml as values want them. Takes a dict: files, the chart's files; settings, .Values.prometheusRule.
*/}}
{{- define "surety.alerts" -}}
{{- $text := .files.Get "files/alerts/surety.yaml" -}}
{{- range $name, $value := .settings.parameters -}}
  {{- $text = replace (printf "${%s}" $name) (toString $value) $text -}}
{{- end -}}
{{- with regexFind "\\$\\{[A-Za-z]+\\}" $text -}}
  {{- fail (printf "prometheusRule.parameters lacks %s: give it a value" .) -}}
{{- end -}}
{{- $known := dict -}}
{{- $groups := list -}}
{{- range $group := (fromYaml $text).groups -}}
  {{- $rules := list -}}
  {{- range $rule := $group.rules -}}
    {{- $_ := set $known $rule.alert true -}}
    {{- $override := get $.settings.overrides $rule.alert | default dict -}}
    {{- if ne (toString (get $override "enabled")) "false" -}}
      {{- with get $override "for" }}{{ $_ := set $rule "for" . }}{{ end -}}
      {{- $_ := set $rule "labels" (merge (dict) (get $override "labels" | default dict) $.settings.alertLabels $rule.labels) -}}
      {{- $url := printf "%s%s%s" $.settings.runbookUrl.prefix (lower $rule.alert) $.settings.runbookUrl.suffix -}}
      {{- $_ := set $rule.annotations "runbook_url" $url -}}
      {{- $rules = append $rules $rule -}}
    {{- end -}}
  {{- end -}}
  {{- if $rules }}{{ $groups = append $groups (dict "name" $group.name "rules" $rules) }}{{ end -}}
{{- end -}}
{{- range $alert, $_ := .settings.overrides -}}
  {{- if not (hasKey $known $alert) }}{{ fail (printf "prometheusRule.overrides names %s, which is no alert of this chart" $alert) }}{{ end -}}
{{- end -}}
{{ toYaml (dict "groups" $groups) }}
{{- end -}}
