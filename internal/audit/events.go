package audit

// Events lists what a record can tell of, for people who look for something.
func Events() []Event {
	return []Event{
		AccountCreated, Changed, ChangeDenied, SignedIn, SignInFailed, SignedOut, TokenMade, PasswordSet, KeyChanged, FactorChanged, BootstrapOffered,
		SessionsExpired, ClusterChanged, ClusterConnected, TokenIssued, JobStarted, JobEnded, JobChanged, AddonChecked, AddonAuthorized, AddonChanged,
		RoleAssumed, RoleRefused,
	}
}

// Refused reports whether the event tells of something that was refused, and not of something that was done.
func (e Event) Refused() bool { return e == ChangeDenied || e == SignInFailed || e == RoleRefused }
