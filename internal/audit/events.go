package audit

// Events lists what a record can tell of, for people who look for something.
func Events() []Event {
	return []Event{
		AccountCreated, Changed, ChangeDenied, SignedIn, SignInFailed, SignedOut, TokenMade, PasswordSet, KeyChanged, FactorChanged, BootstrapOffered,
		SessionsExpired, ClusterChanged, ClusterConnected, TokenIssued, JobStarted, JobEnded, JobChanged, AddonChecked, AddonAuthorized, AddonChanged,
		RoleAssumed, RoleRefused,
	}
}
