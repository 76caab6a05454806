package apiv1

import "time"

// Chart is a Helm chart that is kept in the account.
type Chart struct {
	Name        string    `json:"name"` // "web-1.2.3"
	Chart       string    `json:"chart"`
	Version     string    `json:"version"`
	AppVersion  string    `json:"appVersion,omitempty"`
	Description string    `json:"description,omitempty"`
	Digest      string    `json:"digest"` // SHA-256 of the archive, hex
	Size        int       `json:"size"`   // of the archive, bytes
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
}

// Release is what was installed from a chart, as one revision of it. Values and Manifest may hold secrets, and are shown only on demand.
type Release struct {
	Name        string         `json:"name"`
	Namespace   string         `json:"namespace"`
	Revision    int            `json:"revision"`
	Status      string         `json:"status"` // deployed, failed, superseded, pending-install, …
	Chart       string         `json:"chart"`
	Version     string         `json:"version"`
	AppVersion  string         `json:"appVersion,omitempty"`
	Description string         `json:"description,omitempty"`
	Notes       string         `json:"notes,omitempty"`
	Updated     time.Time      `json:"updated"`
	Values      map[string]any `json:"values,omitempty"`
	Manifest    string         `json:"manifest,omitempty"`
}

// ReleaseDetail is a release as it is now, with its earlier revisions, the newest first.
type ReleaseDetail struct {
	Release
	History []Release `json:"history"`
}

// NewRelease asks for a chart to be installed.
type NewRelease struct {
	Namespace string         `json:"namespace"`
	Release   string         `json:"release"`
	Chart     string         `json:"chart"`             // name or id of a chart of the account
	Values    map[string]any `json:"values,omitempty"`  // over those of the chart
	Wait      bool           `json:"wait,omitzero"`     // until what runs pods is ready
	Timeout   int            `json:"timeout,omitempty"` // seconds; after it the release is taken back; 0: five minutes
}

// UpgradeRelease asks for a release to be replaced.
type UpgradeRelease struct {
	Chart       string         `json:"chart"`
	Values      map[string]any `json:"values,omitempty"`
	ReuseValues bool           `json:"reuseValues,omitzero"` // lay the values over those of the revision that is there
	Wait        bool           `json:"wait,omitzero"`
	Timeout     int            `json:"timeout,omitempty"`
}

// RollbackRelease asks for a release to be as it was.
type RollbackRelease struct {
	Revision int  `json:"revision,omitempty"` // 0: the one before
	Wait     bool `json:"wait,omitzero"`
	Timeout  int  `json:"timeout,omitempty"`
}
