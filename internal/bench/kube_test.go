//go:build kube

package main

import "testing"

// The rows about a real control plane need the programs of Kubernetes: go -C test/kube run .
func TestQuickRunAtARealControlPlaneFillsTheTable(t *testing.T) {
	t.Parallel()
	quickRun(t, kubeName)
}
