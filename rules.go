package pratique

import (
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Rules is what a directory is checked against: the catalogue, the limits, the regions. It is shared by all snapshots of a server and
// never modified.
type Rules struct {
	Catalog *catalog.Catalog
	Limits  Limits
	Regions []string // at least one; every region has a default project of its name

	system map[string]*Policy // by folded name, alias and id
	listed []*Policy
}

// Limits are counts per owner. Zero means the default.
type Limits struct {
	Clusters          int // of an account; CCE: 50
	AccessKeysPerUser int // both vendors: 2
	PolicyVersions    int // RAM: 5
	MaxSession        time.Duration
}

// DefaultLimits returns the vendors' figures.
func DefaultLimits() Limits {
	return Limits{Clusters: 50, AccessKeysPerUser: 2, PolicyVersions: 5, MaxSession: 12 * time.Hour}
}

// NewRules prepares the rules of a server.
func NewRules(c *catalog.Catalog, regions ...string) *Rules {
	r := &Rules{Catalog: c, Limits: DefaultLimits(), Regions: regions, system: map[string]*Policy{}}
	if len(regions) == 0 {
		r.Regions = []string{"local-1"}
	}
	for i := range c.Policies {
		p := systemPolicy(&c.Policies[i])
		r.listed = append(r.listed, p)
		for _, key := range []string{p.ID, p.Name, p.Alias} {
			if key != "" {
				r.system[Fold(key)] = p
			}
		}
	}
	slices.SortFunc(r.listed, func(a, b *Policy) int { return strings.Compare(Fold(a.Name), Fold(b.Name)) })
	return r
}

// SystemPolicies lists the policies of the catalogue in name order. The caller must not modify the slice.
func (r *Rules) SystemPolicies() []*Policy { return r.listed }

func (r *Rules) systemPolicy(name string) (*Policy, bool) {
	p, ok := r.system[Fold(name)]
	return p, ok
}

func (r *Rules) parser(kind policy.Kind) policy.Parser {
	return policy.Parser{Kind: kind, Registry: r.Catalog}
}
