package pratique

import "slices"

// MFA is the second factor of a user or the root: a secret that they share with a program on their telephone, from which both make codes
// (TOTP, RFC 6238). Its id is that of the user, or RootID. It counts from the moment that it is confirmed.
type MFA struct {
	Meta
	Sealed    []byte   `json:"sealed"`             // the secret: verifying a code needs it
	Confirmed bool     `json:"confirmed,omitzero"` // its holder has shown a code
	LastStep  int64    `json:"lastStep,omitzero"`  // of the newest code that was taken; no code of it or of an earlier step is taken again
	Recovery  []string `json:"recovery,omitempty"` // SHA-256 of the recovery codes that are left, hex
}

func (*MFA) kind() Kind { return KindMFA }

// SecondFactor finds the factor that a user must show beside the password; false when they have none, or have not confirmed it.
func (s *Snapshot) SecondFactor(userID string) (*MFA, bool) {
	m, ok := s.MFAs.ID(userID)
	return m, ok && m.Confirmed
}

// EnrollMFA gives a user, or the root, a factor that is to be confirmed. One that was never confirmed is replaced.
type EnrollMFA struct {
	User   string // id
	Sealed []byte
}

func (c EnrollMFA) apply(e *editor) error {
	if err := e.needOfHolder("mfa.create", c.User); err != nil {
		return err
	}
	if u, ok := e.Users.ID(c.User); ok && u.Identity != nil {
		return signsInElsewhere(u, "second factor")
	}
	old, exists := e.MFAs.ID(c.User)
	if exists && old.Confirmed {
		return conflict("there is a second factor already").hint("remove it first")
	}
	m := &MFA{Meta: Meta{ID: c.User, Name: c.User}, Sealed: c.Sealed}
	verb, before := Create, (*Meta)(nil)
	if exists {
		verb, before = Update, &old.Meta
	}
	e.stamp(&m.Meta, before, KindMFA)
	e.MFAs.set(m)
	e.write(verb, m, nil)
	return nil
}

// ConfirmMFA makes a factor count, after its holder has shown the code of a step.
type ConfirmMFA struct {
	User     string // id
	Enrolled uint64 // Meta.Generation of the factor that the code was compared with
	Step     int64
	Recovery []string // SHA-256 of the recovery codes, hex
}

func (c ConfirmMFA) apply(e *editor) error {
	if err := e.needOfHolder("mfa.bind", c.User); err != nil {
		return err
	}
	old, ok := e.MFAs.ID(c.User)
	switch {
	case !ok:
		return noFactor()
	case old.Confirmed:
		return conflict("the second factor is confirmed already")
	case old.Generation != c.Enrolled:
		return conflict("the second factor was replaced meanwhile").hint("show a code of the new one")
	}
	next := *old
	next.Confirmed, next.LastStep, next.Recovery = true, c.Step, c.Recovery
	e.stamp(&next.Meta, &old.Meta, KindMFA)
	e.MFAs.set(&next)
	e.write(Update, &next, []FieldDiff{{Field: "confirmed"}})
	return nil
}

// UseMFA uses up a code: that of a step, or a recovery code. It stands in the transaction of what the code was shown for, so that a code
// works once, whichever server it is shown to. The receiver was made by internal/authn, which has compared the code.
type UseMFA struct {
	User     string // id
	Step     int64
	Recovery string // SHA-256 of the code, hex; empty for the code of a step
}

func (c UseMFA) apply(e *editor) error {
	old, ok := e.SecondFactor(c.User)
	if !ok {
		return noFactor()
	}
	next := *old
	field := "lastStep"
	if c.Recovery != "" {
		next.Recovery = slices.DeleteFunc(slices.Clone(old.Recovery), func(h string) bool { return h == c.Recovery })
		if len(next.Recovery) == len(old.Recovery) {
			return usedCode()
		}
		field = "recovery"
	} else if next.LastStep = c.Step; c.Step <= old.LastStep {
		return usedCode()
	}
	e.stamp(&next.Meta, &old.Meta, KindMFA)
	e.MFAs.set(&next)
	e.write(Update, &next, []FieldDiff{{Field: field}})
	return nil
}

// usedCode reads like any other wrong code: whoever looked over a shoulder learns nothing.
func usedCode() *Error {
	return &Error{Kind: ErrDenied, Message: "the code is wrong, or was used before"}
}

func noFactor() *Error {
	return &Error{Kind: ErrNotFound, Message: "there is no second factor", Hint: "set one up first"}
}

// RemoveMFA takes the factor of a user, or the root, away.
type RemoveMFA struct{ User string } // id

func (c RemoveMFA) apply(e *editor) error {
	for _, operation := range []string{"mfa.unbind", "mfa.delete"} {
		if err := e.needOfHolder(operation, c.User); err != nil {
			return err
		}
	}
	m, ok := e.MFAs.ID(c.User)
	if !ok {
		return noFactor()
	}
	e.MFAs.remove(m)
	e.write(Remove, m, nil)
	return nil
}

// dropMFA removes the factor of somebody, if there is one, with something else that goes.
func (e *editor) dropMFA(userID string) {
	if m, ok := e.MFAs.ID(userID); ok {
		e.MFAs.remove(m)
		e.write(Remove, m, nil)
		e.cascaded()
	}
}

// needOfHolder notes an operation on a user or the root, by id.
func (e *editor) needOfHolder(operation, userID string) error {
	name := RootID
	if userID != RootID {
		u, ok := e.Users.ID(userID)
		if !ok {
			e.need(operation, "name", userID)
			return notFound(KindUser, userID)
		}
		name = u.Name
	}
	e.need(operation, "name", name)
	return nil
}

// missingFactor refuses a session that somebody opens by signing in and that lacks the factor they have. Who opens sessions asks for the
// factor before; this catches one that was confirmed in between.
func (e *editor) missingFactor(s *Session) error {
	if _, has := e.SecondFactor(s.Principal.ID); has && s.Type == SessionLogin && s.Principal.Kind == KindUser && !s.MFA {
		return &Error{Kind: ErrDenied, Message: "a second factor is needed", Hint: "sign in again"}
	}
	return nil
}
