package policy

// Walk decides as Decide does, by asking every statement instead of the index: for the tests with a workload, which stand outside of the
// package because the workload imports it.
func (s *Set) Walk(r *Request) (e Effect, source, statement int) {
	q := query{req: r}
	q.prepare()
	return s.walk(&q)
}

// Matches reports whether one statement has an effect and is about a request.
func (s *Set) Matches(r *Request, e Effect, source, statement int) bool {
	q := query{req: r}
	q.prepare()
	return s.rule(source, statement).effect == e && s.rule(source, statement).matches(&q)
}
