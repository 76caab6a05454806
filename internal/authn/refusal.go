package authn

import "github.com/pratique-iam/pratique"

// Refusal is a credential that was turned down. Its text says the same whatever the reason, because the caller is a stranger; it wraps
// pratique.ErrDenied, or pratique.ErrUnavailable when waiting helps. Find it with errors.AsType to log and audit the reason.
type Refusal struct { //nolint:errname // an answer that happens to be an error
	Reason    string             // for the operator: holds no secret and nothing that the caller typed
	Account   string             // id; empty when the account is not known
	Principal pratique.Principal // whom the credential belongs to; zero when that is not known

	outward *pratique.Error
}

// Error is what may be shown to the caller.
func (r *Refusal) Error() string { return r.outward.Error() }

// Unwrap gives the same as a pratique.Error.
func (r *Refusal) Unwrap() error { return r.outward }

// at adds to a refusal what is known about whose credential it is.
func (r *Refusal) at(snap *pratique.Snapshot, p pratique.Principal) *Refusal {
	r.Principal = p
	if snap != nil {
		r.Account = snap.Account.ID
	}
	return r
}

func refuseSignIn(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{Kind: pratique.ErrDenied, Message: "wrong account, user or password"}}
}

// refuseCode is for whoever has shown the right password: the sentence may speak of the code.
func refuseCode(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrDenied, Message: "the code is wrong, or was used before",
		Hint: "wait for the next code and check the clock of your telephone, or use a recovery code",
	}}
}

func refuseTicket(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrDenied, Message: "the sign-in took too long", Hint: "begin again with your password",
	}}
}

func refuseSecret(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind:    pratique.ErrDenied,
		Message: "wrong account, user or bootstrap secret",
		Hint:    "a bootstrap secret works once and not for long; the operator of the server can make a new one",
	}}
}

func refuseSession(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrDenied, Message: "the session is not valid or has ended", Hint: "run pratique login",
	}}
}

// refuseNew tells its reason: whoever asks for a session or token has proved who they are, and the reason is about themselves.
func refuseNew(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrDenied, Message: "no session or token can be made: " + reason,
	}}
}

func refuseSignature(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind:    pratique.ErrDenied,
		Message: "the signature of the request is not valid",
		Hint:    "check the access key, its secret and the clock",
	}}
}

func refuseHaste(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrUnavailable, Message: "too many wrong attempts to sign in", Hint: "wait a minute and try again",
	}}
}
