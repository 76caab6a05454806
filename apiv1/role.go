package apiv1

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
)

// AssumeRole asks for the session of a role.
type AssumeRole struct {
	Role        string            `json:"role"`
	SessionName string            `json:"sessionName"`       // 2 to 64 letters, digits and ".@_-"; it stands in the audit records
	Duration    pratique.Duration `json:"duration,omitzero"` // 15m to the longest session of the role; zero: one hour at most
	Policy      jsontext.Value    `json:"policy,omitzero"`   // session policy in RAM's language: the session may do nothing that it does not allow
}

// ExchangeToken asks for the session of a role with the projected token of a service account, and with no other credential.
type ExchangeToken struct {
	Account     string            `json:"account,omitempty"` // name; empty: the only one, or "default"
	Cluster     string            `json:"cluster"`           // name or id
	Token       string            `json:"token"`             // its audience is the address of this server, or sts.aliyuncs.com
	Role        string            `json:"role"`
	SessionName string            `json:"sessionName"`
	Duration    pratique.Duration `json:"duration,omitzero"`
	Policy      jsontext.Value    `json:"policy,omitzero"`
}
