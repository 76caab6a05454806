// Package oidc issues the short-lived tokens with which people reach clusters, and publishes the keys that verify them.
//
// Keys belong to periods of thirty days. The key of a period has a name that every replica works out alike and is created at most once in the
// store, so rotation needs no leader: the next period's key is published a day before it signs, the last one's for a day after.
package oidc
