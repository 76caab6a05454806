// Package console is the door for people with a browser: pages that are rendered on the server and work without script.
//
// It decides nothing. Every page asks the native API, in this process, with the session of whoever looks at it, so that nothing can be seen
// or done here that the API would not show or do. It owns what browsers need beyond that: cookies, forms, headers, and the words on the pages.
//
//	request → sign-in (cookie) → handler → client → native API
//	                                  ↓
//	                      page (a struct) → template → buffer → answer
//
// A page is a struct in page_<noun>.go with a template in pages/<noun>.html; what pages share is in ui. Templates are checked against their
// structs by a test.
package console
