package api

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/federation"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// sealSecrets takes the client secrets out of manifests of identity providers and seals them, before anything else sees the changes: no plan,
// no record and no answer can hold one. A secret that is kept already is left out, so that applying a file twice changes nothing.
func (a *API) sealSecrets(s *pratique.Snapshot, changes []pratique.Change) error {
	for i, change := range changes {
		put, ok := change.(pratique.Put)
		if !ok || put.Kind != pratique.KindIdentityProvider {
			continue
		}
		if err := a.sealSecret(s, &put.Manifest); err != nil {
			return err
		}
		changes[i] = put
	}
	return nil
}

func (a *API) sealSecret(s *pratique.Snapshot, m *pratique.Manifest) error {
	members := map[string]jsontext.Value{}
	var spec pratique.IdentityProviderSpec
	readable := strictjson.Unmarshal(m.Spec, &members) == nil && strictjson.Unmarshal(m.Spec, &spec) == nil
	if !readable || spec.ClientSecret == "" {
		return nil // what cannot be read is refused by the change itself, with a better sentence
	}
	if err := pratique.CheckClientSecret(spec.ClientSecret); err != nil {
		return err
	}
	delete(members, "clientSecret")
	bare, err := strictjson.Marshal(members)
	if err != nil {
		return fmt.Errorf("write identity provider %s: %w", m.Metadata.Name, err)
	}
	m.Spec = bare
	path := federation.SecretPath(s.Account.ID, spec.Issuer, spec.ClientID)
	if old, ok := s.IdentityProviders.Name(m.Metadata.Name); ok && len(old.Sealed) > 0 {
		if kept, err := a.Sealer.Unseal(old.Sealed, path); err == nil && string(kept) == spec.ClientSecret {
			return nil
		}
	}
	if m.Sealed, err = a.Sealer.Seal([]byte(spec.ClientSecret), path); err != nil {
		return fmt.Errorf("seal the client secret of identity provider %s: %w", m.Metadata.Name, err)
	}
	return nil
}
