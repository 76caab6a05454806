package pratique

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// APIVersion stands in every manifest.
const APIVersion = "pratique.dev/v1"

// Meta is what every noun has. ID is immutable and never used again; Name is unique in its kind and account under ASCII case folding and
// may change.
type Meta struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Created    Timestamp `json:"created,omitzero"`
	Updated    Timestamp `json:"updated,omitzero"`
	Generation uint64    `json:"generation,omitzero"` // of the account, when this value was written
	Origin     string    `json:"origin,omitempty"`    // what made it on somebody's behalf, see Originate; empty: a person or program did
}

func (m *Meta) meta() *Meta { return m }

// object is a stored noun. The implementations are the pointer types of this package.
type object interface {
	meta() *Meta
	kind() Kind
}

// Manifest is a noun as people write it: names instead of ids, in the shape that Kubernetes users know.
type Manifest struct {
	APIVersion string         `json:"apiVersion"`
	Kind       Kind           `json:"kind"`
	Metadata   Metadata       `json:"metadata"`
	Spec       jsontext.Value `json:"spec,omitempty"`
	Status     jsontext.Value `json:"status,omitempty"` // written by the server, ignored when read

	// Sealed is the secret of the spec, sealed by the server that took it out of there. It is in no text.
	Sealed []byte `json:"-"`
}

// Metadata names a manifest. Only Name is needed. With ID, the object of that id is meant and Name may be its new name; with
// ResourceVersion, the object must not have changed since.
type Metadata struct {
	Name            string    `json:"name"`
	ID              string    `json:"id,omitempty"`
	ResourceVersion string    `json:"resourceVersion,omitempty"`
	Created         time.Time `json:"creationTimestamp,omitzero"`
}
