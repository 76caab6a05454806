package policy_test

import (
	"errors"
	"fmt"

	"github.com/pratique-iam/pratique/policy"
)

// One policy grants everything in CCE, another one takes node deletion away. Both are granted in the same project, so they are one
// tier, and a Deny beats an Allow whatever their order.
func Example() {
	fullAccess, err := policy.Parse([]byte(`{
		"Version": "1.1",
		"Statement": [{"Effect": "Allow", "Action": ["cce:*:*", "ecs:*:get", "ecs:*:list"]}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	keepNodes, err := policy.Parse([]byte(`{
		"Version": "1.1",
		"Statement": [{"Effect": "Deny", "Action": ["cce:node:delete"]}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}

	chain := policy.Chain{{
		Name: "project",
		Sets: []*policy.Set{policy.Compile(
			policy.Source{Document: fullAccess, Policy: "CCE FullAccess", Scope: "project local-1"},
			policy.Source{Document: keepNodes, Policy: "deny-node-deletion", Scope: "project local-1"},
		)},
	}}
	for _, action := range []string{"cce:node:create", "cce:node:delete", "vpc:vpcs:create"} {
		answer := chain.Decide(&policy.Request{Action: action})
		fmt.Println(action, answer.Effect, answer.Allowed())
	}

	why := chain.Explain(&policy.Request{Action: "cce:node:delete"})
	for _, tier := range why.Tiers {
		fmt.Printf("%s: %v by %s, granted in %s\n", tier.Name, tier.Effect, tier.Deciding.Policy, tier.Deciding.Scope)
	}
	// Output:
	// cce:node:create Allow true
	// cce:node:delete Deny false
	// vpc:vpcs:create Undecided false
	// project: Deny by deny-node-deletion, granted in project local-1
}

// A RAM policy with a condition: what the request does not say cannot fulfil it.
func ExampleChain_Decide_condition() {
	document, err := policy.Parse([]byte(`{
		"Version": "1",
		"Statement": [{
			"Effect": "Allow",
			"Action": "ram:CreateServiceLinkedRole",
			"Resource": "*",
			"Condition": {"StringEquals": {"ram:ServiceName": "audit.log.aliyuncs.com"}}
		}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	chain := policy.Chain{{Name: "account", Sets: []*policy.Set{policy.Compile(policy.Source{Document: document})}}}

	request := policy.Request{Action: "ram:CreateServiceLinkedRole", Resource: "acs:ram:*:1000000000000001:role/*"}
	fmt.Println(chain.Decide(&request).Effect)
	request.Context = []policy.Attribute{{Key: "ram:ServiceName", Values: []string{"audit.log.aliyuncs.com"}}}
	fmt.Println(chain.Decide(&request).Effect)
	request.Context[0].Values[0] = "mse.aliyuncs.com"
	fmt.Println(chain.Decide(&request).Effect)
	// Output:
	// Undecided
	// Allow
	// Undecided
}

// The first tier that answers decides: an Allow in the project beats a Deny in the enterprise project, which is not even asked.
func ExampleChain_tiers() {
	set := func(text string) []*policy.Set {
		document, err := policy.Parse([]byte(text))
		if err != nil {
			fmt.Println(err)
			return nil
		}
		return []*policy.Set{policy.Compile(policy.Source{Document: document})}
	}
	chain := policy.Chain{
		{Name: "project", Sets: set(`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:cluster:get"]}]}`)},
		{Name: "enterprise-project", Sets: set(`{"Version":"1.1","Statement":[{"Effect":"Deny","Action":["cce:cluster:*"]}]}`)},
	}
	for _, action := range []string{"cce:cluster:get", "cce:cluster:delete"} {
		answer := chain.Decide(&policy.Request{Action: action})
		fmt.Println(action, answer.Effect, chain[answer.Tier].Name)
	}
	// Output:
	// cce:cluster:get Allow project
	// cce:cluster:delete Deny enterprise-project
}

// A document that could be understood in two ways is refused, with the place and the reason.
func ExampleParse_refused() {
	_, err := policy.Parse([]byte(`{"Version": "1.1", "Statement": [
		{"Effect": "Deny", "Action": ["cce:node:delete"], "Effect": "Allow"}
	]}`))
	if refused, ok := errors.AsType[*policy.Error](err); ok {
		for _, problem := range refused.Problems {
			fmt.Println(problem.Pos.Line, problem.Pos.Column, problem.Message)
		}
	}
	// Output:
	// 2 53 member "Effect" appears twice in one object
}
