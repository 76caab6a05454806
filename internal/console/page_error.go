package console

import (
	"context"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// failurePage says what went wrong and what to do next.
type failurePage struct{ base }

func (*failurePage) template() string { return "failure" }

func errorPage(v *visit, err error) answer {
	p := &failurePage{base{v.frame("", "This did not work")}}
	p.Problem = problem(err)
	if p.Problem.Title != "" {
		p.Title = p.Problem.Title
	}
	return p
}

// nothingHere answers addresses that no page has.
func (c *Console) nothingHere(context.Context, *visit) (answer, error) {
	return nil, &client.ProblemError{Problem: apiv1.Problem{
		Status: 404, Title: "There is no such page", Detail: "the address may be mistyped, or from another version",
		Hint: "find your way from the navigation on the left",
	}}
}
