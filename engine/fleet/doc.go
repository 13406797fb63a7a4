// Package fleet is the use cases of the registry of devices: things, thing types, static and
// dynamic thing groups, who is in them, and the search over all of it.
//
// It knows no job. When the groups of a thing change, it says so by commit.Tx.ChangeMemberships,
// and jobs follow there. Rules stand in package registry; here facts are loaded for them and what
// they decide is staged.
//
// Start with things.go and groups.go; classify.go explains how dynamic groups get their members,
// presence.go how they follow connections.
package fleet
