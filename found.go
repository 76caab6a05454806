package pratique

import "slices"

// Found makes a new account: its default projects, its default enterprise project, and the bootstrap secret with which the root signs in
// the first time. The result is at generation 1.
func Found(rules *Rules, account Account, at Moment, bootstrap Session) (*Snapshot, *Plan, error) {
	if err := checkName(KindAccount, account.Name); err != nil {
		return nil, nil, err
	}
	account.Created, account.Updated, account.Generation = TimestampOf(at.Time), TimestampOf(at.Time), 1
	return NewSnapshot(rules, account).With(at, founding{account, bootstrap})
}

type founding struct {
	account   Account
	bootstrap Session
}

func (c founding) apply(e *editor) error {
	e.write(Create, &c.account, nil)
	for _, region := range e.rules.Regions {
		e.foundProject(region)
	}
	ep := &EnterpriseProject{Meta: Meta{Name: DefaultEnterpriseProject}}
	e.stamp(&ep.Meta, nil, KindEnterpriseProject)
	e.EnterpriseProjects.set(ep)
	e.write(Create, ep, nil)
	return OpenBootstrap{c.bootstrap}.apply(e)
}

func (e *editor) foundProject(region string) {
	p := &Project{Meta: Meta{Name: region}, ProjectSpec: ProjectSpec{Region: region}}
	e.stamp(&p.Meta, nil, KindProject)
	e.Projects.set(p)
	e.write(Create, p, nil)
}

// OpenBootstrap gives the root a new one-time secret; older ones end. Only the operator of the server can ask for it.
type OpenBootstrap struct{ Session Session }

func (c OpenBootstrap) apply(e *editor) error {
	for _, s := range slices.Collect(e.SessionsOf(RootID)) {
		if s.Type == SessionBootstrap {
			e.dropSession(s)
		}
	}
	s := c.Session
	s.Type, s.Principal = SessionBootstrap, Ref{KindUser, RootID}
	return OpenSession{Session: s}.apply(e)
}

// AddRegions makes the default projects of regions that the server has gained since the account was founded.
type AddRegions struct{}

func (AddRegions) apply(e *editor) error { //nolint:unparam // it is a Change, and this one cannot fail
	for _, region := range e.rules.Regions {
		if _, ok := e.Projects.Name(region); !ok {
			e.foundProject(region)
		}
	}
	return nil
}
