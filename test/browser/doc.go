// Package browser tests the console as a person uses it: in Chromium, against a real server, with a real Kubernetes where a story needs one.
//
//	go -C test/browser run ./setup     # installs what is missing: Chromium, and the accessibility checker axe
//	go -C test/browser test .          # -screenshots DIR writes a picture of every page
//
// A person of these tests finds links and buttons by what they are called and fields by their labels, through the accessibility tree, as
// somebody with a screen reader would; they press with the mouse and type with the keyboard. What has no name cannot be used here.
//
// It is a module of its own so that the server depends on no browser.
package browser
