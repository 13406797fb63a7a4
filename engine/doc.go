// Package engine starts what runs in a server and puts its parts together: the committer that
// writes (commit), the use cases (jobs, fleet, identity, tags), the loop that does due work, and
// the loop that announces to devices what was committed.
//
// The engine decides nothing. It sees no ARN, topic or HTTP request; control and device translate
// those. Start with engine.go for what is wired to what, then due.go and announce.go for the two
// loops. clock.go moves a virtual clock.
package engine
