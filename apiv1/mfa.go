package apiv1

import "time"

// MFA is the second factor of a user, or that they have none.
type MFA struct {
	User          string    `json:"user"`
	Enrolled      bool      `json:"enrolled"`  // there is one
	Confirmed     bool      `json:"confirmed"` // it is asked for at sign-in
	Created       time.Time `json:"created,omitzero"`
	RecoveryCodes int       `json:"recoveryCodes,omitzero"` // that are left
	Administrator bool      `json:"administrator,omitzero"` // may change who may do what: root, and holders of the widest system policies
}

// EnrollMFA asks for a second factor. User is empty for one's own.
type EnrollMFA struct {
	User string `json:"user,omitempty"`
}

// MFASeed is a new second factor, to be put into an authenticator. It is shown once.
type MFASeed struct {
	User string `json:"user"`
	Seed string `json:"seed"` // base32
	URI  string `json:"uri"`  // otpauth://totp/…, for a QR code
}

// ConfirmMFA shows a code, so that a second factor counts from now on. User is empty for one's own.
type ConfirmMFA struct {
	User string `json:"user,omitempty"`
	Code string `json:"code"`
}

// RecoveryCodes stand in for codes when the authenticator is lost, each once. They are shown once.
type RecoveryCodes struct {
	Codes []string `json:"codes"`
}

// RemoveMFA takes a second factor away. User is empty for one's own, which needs a code of it, or a recovery code.
type RemoveMFA struct {
	User string `json:"user,omitempty"`
	Code string `json:"code,omitempty"`
}
