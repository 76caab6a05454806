package access

import (
	"maps"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
)

// The uses of roles that are remembered. Who may open sessions of roles may ask about anything, and must not fill the memory with it.
const (
	usedRoles   = 1024
	usedActions = 512 // of a role
)

// usedBy is a role of an account.
type usedBy struct {
	account string
	role    pratique.Ref
}

// note remembers that a role has asked about an action for itself. The lock is the caller's.
func (m *Memory) note(r *Remembered) {
	who := r.Query.Principal
	if who.Kind != pratique.KindRole || r.Asker != who.ID || r.Query.Action == "" {
		return
	}
	key := usedBy{r.Account, who}
	actions, known := m.used[key]
	switch {
	case known:
	case len(m.used) == usedRoles:
		return
	default:
		if m.used == nil {
			m.used = map[usedBy]map[string]time.Time{}
		}
		actions = map[string]time.Time{}
		m.used[key] = actions
	}
	action := strings.ToLower(r.Query.Action)
	if _, known := actions[action]; known || len(actions) < usedActions {
		actions[action] = r.Query.Time
	}
}

// Used gives the actions, in lower case, about which sessions of a role have asked for themselves, and when last: at this server, since it started.
func (m *Memory) Used(account string, role pratique.Ref) map[string]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.used[usedBy{account, role}])
}
