package apiv1

import "time"

// Job is a long operation: how it stands, and what came of it.
type Job struct {
	ID        string            `json:"id"`
	Operation string            `json:"operation"` // of the catalogue: cluster.create
	Title     string            `json:"title"`
	Cluster   string            `json:"cluster,omitempty"`   // name when it began; the cluster may be gone by now
	ClusterID string            `json:"clusterId,omitempty"` //
	By        string            `json:"by"`
	State     string            `json:"state"`            // running, succeeded, failed, cancelled, interrupted
	Cancel    string            `json:"cancel,omitempty"` // who has asked for its end; while it runs: it stops as soon as it can
	Done      int               `json:"done,omitzero"`    // of Total, where there is something to count
	Total     int               `json:"total,omitzero"`
	Progress  []JobLine         `json:"progress,omitempty"` // the newest hundred lines, oldest first
	Error     string            `json:"error,omitempty"`
	Hint      string            `json:"hint,omitempty"`
	Result    map[string]string `json:"result,omitempty"`
	Server    string            `json:"server,omitempty"` // process that carries it out
	Created   time.Time         `json:"created"`
	Updated   time.Time         `json:"updated"`
	Finished  time.Time         `json:"finished,omitzero"`
}

// Ended reports whether nothing more happens.
func (j *Job) Ended() bool { return j.State != "running" }

// JobLine is something that happened.
type JobLine struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}
