package apiv1

// ProviderCallback is the path, after the address of the server, to which identity providers send browsers back.
const ProviderCallback = "/console/oidc/callback"

// LoginProvider is a provider as somebody sees it who is not signed in.
type LoginProvider struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// LoginProviders are those that the page for signing in offers.
type LoginProviders struct {
	Items    []LoginProvider `json:"items"`
	Redirect string          `json:"redirect"`        // address to register at a provider
	Others   bool            `json:"others,omitzero"` // there are more accounts, whose providers are shown to whoever names them
}

// BeginLogin asks for the way to a provider.
type BeginLogin struct {
	Account  string `json:"account,omitempty"` // name; empty: the only one, or "default"
	Provider string `json:"provider"`          // name
}

// ProviderLogin is a sign-in at a provider that has begun.
type ProviderLogin struct {
	Address string `json:"address"` // where the browser goes
	Ticket  string `json:"ticket"`  // stays with the browser and comes back with the answer; ten minutes, once
}

// FinishLogin is what a provider answered, with the ticket of the browser that it came by.
type FinishLogin struct {
	Ticket string `json:"ticket"`
	State  string `json:"state"`
	Code   string `json:"code,omitempty"`
	Issuer string `json:"iss,omitempty"`   // RFC 9207
	Error  string `json:"error,omitempty"` // why there is no code
	Label  string `json:"label,omitempty"`
}
