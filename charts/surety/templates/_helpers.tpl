{{- /*
What templates share. Names are fixed, not made from the release's: there is one Surety in a cluster.
*/ -}}

{{- define "surety.labels" -}}
{{ include "surety.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "surety.selector" -}}
app.kubernetes.io/name: surety
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "surety.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $image.repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end -}}

{{- define "surety.priorityClass" -}}
{{- if .Values.priorityClass.name -}}
{{ .Values.priorityClass.name }}
{{- else if .Values.priorityClass.create -}}
surety
{{- end -}}
{{- end -}}

{{- /* The features whose ClusterRoles are made, as a JSON list in the order of config/rbac. */ -}}
{{- define "surety.features" -}}
{{- $features := list "read" -}}
{{- if .Values.rbac.observed -}}
{{- $features = concat $features (list "status" "tenancy" "events") -}}
{{- end -}}
{{- if .Values.rbac.registration -}}
{{- $features = append $features "register" -}}
{{- end -}}
{{- if .Values.canary.create -}}
{{- $features = append $features "canary" -}}
{{- end -}}
{{- if .Values.rbac.managedIsolation -}}
{{- $features = append $features "managed-isolation" -}}
{{- end -}}
{{- if .Values.engines.velero.enabled -}}
{{- $features = append $features "velero" -}}
{{- if .Values.engines.velero.managed -}}
{{- $features = append $features "managed-velero" -}}
{{- end -}}
{{- end -}}
{{- toJson $features -}}
{{- end -}}

{{- define "surety.subject" -}}
kind: ServiceAccount
name: {{ .Values.serviceAccount.name }}
namespace: {{ .Release.Namespace }}
{{- end -}}

{{- /* What the schema cannot say. */ -}}
{{- define "surety.check" -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled -}}
{{- fail "metrics.serviceMonitor and metrics.podMonitor are both enabled: every sample would be there twice; enable one" -}}
{{- end -}}
{{- if and .Values.engines.velero.managed (not .Values.engines.velero.enabled) -}}
{{- fail "engines.velero.managed needs engines.velero.enabled: schedules are compared with what Velero did" -}}
{{- end -}}
{{- if has .Release.Namespace (list "kube-system" "default") -}}
{{- fail (printf "Surety needs a namespace of its own, not %s: its webhook is never asked about it; use --namespace surety-system --create-namespace" .Release.Namespace) -}}
{{- end -}}
{{- if has .Release.Namespace .Values.engines.namespaces -}}
{{- fail (printf "engines.namespaces holds %s, the namespace of this release: what is there is never protected" .Release.Namespace) -}}
{{- end -}}
{{- if eq (int .Values.webhook.port) (int .Values.metrics.port) -}}
{{- fail (printf "webhook.port and metrics.port are both %d" (int .Values.webhook.port)) -}}
{{- end -}}
{{- end -}}

{{- /* The plurals of the kinds that the chart brings, from the names of their files. */ -}}
{{- define "surety.kinds" -}}
{{- $kinds := list -}}
{{- range $path, $_ := .Files.Glob "files/crds/*.yaml" -}}
{{- $kinds = append $kinds (base $path | trimSuffix ".surety.dev.yaml") -}}
{{- end -}}
{{- toJson ($kinds | sortAlpha) -}}
{{- end -}}
