package policy

import "testing"

// Allocations are counted here and not only in benchmarks: a decision that allocates is a mistake, whatever the machine. Such tests cannot run
// in parallel, testing.AllocsPerRun counts for the whole program. See TestDecidingAllocatesNothing too.

func TestConditionsAllocateNothing(t *testing.T) {
	chain := Chain{{Sets: []*Set{Compile(Source{Document: mustParse(t, Parser{}, `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["obs:object:*"],
		"Resource":["obs:*:*:object:${g:UserName}/*"],
		"Condition":{
			"StringMatch":{"g:DomainName":["${g:UserName}-*"]},
			"StringEquals":{"g:UserId":["id-of-${g:UserName}-who-has-a-name-longer-than-32-bytes"]},
			"StringStartWith":{"g:ProjectName":["local"]},
			"StringNotEqualsIgnoreCase":{"g:ServiceName":["obs-${g:UserName}"]},
			"NumberLessThan":{"g:MFAAge":["3600.5"]},
			"DateLessThan":{"g:CurrentTime":["2027-01-01T00:00:00Z"]},
			"Bool":{"g:MFAPresent":["true"]},
			"Null":{"g:Other":["true"]},
			"ForAnyValue:StringEquals":{"g:TagKeys":["a","b"]},
			"IpAddress":{"g:SourceIp":["10.0.0.0/8"]}}}]}`)})}}}
	// The request is built inside: it must be able to stay on the stack of a caller.
	decide := func() Decision {
		return chain.Decide(&Request{
			Action: "obs:object:GetObject", Resource: "obs:::object:alice/x",
			Context: []Attribute{
				{Key: "g:UserName", Values: []string{"alice"}},
				{Key: "g:DomainName", Values: []string{"alice-corp"}},
				{Key: "g:UserId", Values: []string{"id-of-alice-who-has-a-name-longer-than-32-bytes"}},
				{Key: "g:ProjectName", Values: []string{"local-1"}},
				{Key: "g:ServiceName", Values: []string{"OBS"}},
				{Key: "g:MFAAge", Values: []string{"60"}},
				{Key: "g:CurrentTime", Values: []string{"2026-11-21T12:00:00Z"}},
				{Key: "g:MFAPresent", Values: []string{"true"}},
				{Key: "g:TagKeys", Values: []string{"x", "a"}},
				{Key: "g:SourceIp", Values: []string{"::ffff:10.1.2.3"}},
			},
		})
	}
	if d := decide(); !d.Allowed() {
		t.Fatalf("%+v", chain.Explain(&Request{Action: "obs:object:GetObject"}))
	}
	if n := testing.AllocsPerRun(100, func() { decide() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Lookup and what it refers to stay on the stack of whoever asks.
func TestLookingKeysUpAllocatesNothing(t *testing.T) {
	chain := Chain{{Sets: []*Set{Compile(Source{Document: mustParse(t, Parser{}, `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["obs:object:*"],
		"Resource":["obs:*:*:object:${g:UserName}/*"],"Condition":{"StringEquals":{"g:UserName":["alice","bob"]},"Null":{"g:Other":["true"]}}}]}`)})}}}
	decide := func(user string) Decision {
		return chain.Decide(&Request{Action: "obs:object:GetObject", Resource: "obs:::object:alice/x", Lookup: func(key string) (string, []string) {
			if key == "g:UserName" {
				return user, nil
			}
			return "", nil
		}})
	}
	if !decide("alice").Allowed() || decide("carol").Allowed() {
		t.Fatal("the key that was looked up does not count")
	}
	if n := testing.AllocsPerRun(100, func() { decide("alice") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
