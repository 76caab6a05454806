// Package server puts the parts together, as literals, and is the only place that does. Everything that a running server holds is opened
// in open, in one order, and closed in the other.
package server
