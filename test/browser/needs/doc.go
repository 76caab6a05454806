// Package needs says where the tests of the console find what they run: Chromium, and axe, which checks pages for accessibility. It also
// installs both.
package needs
