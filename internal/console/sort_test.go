package console_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestListsAreSortedByTheirAddress(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	for _, name := range []string{"bea", "cyd", "ann"} {
		root.post("/console/groups/new", "name", name).want(http.StatusSeeOther)
		for made := time.Now().UnixMilli(); time.Now().UnixMilli() == made; { // what is made within one millisecond is of the same age
			runtime.Gosched()
		}
	}
	order := func(path string) string {
		page := root.get(path).want(http.StatusOK).html
		at := map[string]int{}
		for _, n := range []string{"ann", "bea", "cyd"} {
			at[n] = strings.Index(page, `href="/console/groups/`+n+`"`)
		}
		switch {
		case at["ann"] < at["bea"] && at["bea"] < at["cyd"]:
			return "by name"
		case at["cyd"] < at["bea"] && at["bea"] < at["ann"]:
			return "by name, turned round"
		case at["ann"] < at["cyd"] && at["cyd"] < at["bea"]:
			return "newest first"
		default:
			return "otherwise"
		}
	}
	for path, want := range map[string]string{
		"/console/groups": "by name", "/console/groups?sort=-name": "by name, turned round", "/console/groups?sort=-created": "newest first",
		"/console/permissions?sort=-name": "by name, turned round",
	} {
		if got := order(path); got != want {
			t.Errorf("%s is sorted %s, want %s", path, got, want)
		}
	}
	root.get("/console/groups").want(http.StatusOK, `aria-sort="ascending"><a href="/console/groups?sort=-name"`, `<a href="/console/groups?sort=created"`)
	root.get("/console/groups?q=n&sort=-created").want(http.StatusOK, `aria-sort="descending"`, `<input type="hidden" name="sort" value="-created">`, `href="/console/groups?q=n&amp;sort=created"`)
	root.get("/console/groups?sort=size").want(http.StatusBadRequest, "must be name")
}
