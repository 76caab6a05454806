// Package chart opens archives of Helm charts, which strangers wrote, and renders them.
//
//	archive ── Open: limits, names, metadata ──▶ Chart ── Render: values, templates ──▶ Rendered: text of manifests and hooks
//
// Nothing is written to a disk, and nothing is asked of a cluster, of the network or of the environment: a chart that wants to look something
// up gets an empty answer, as with `helm template`. What a template may cost is bounded by Process, which renders in a child process.
//
// The package does not know clusters. What comes out of Render is applied by internal/release.
package chart
