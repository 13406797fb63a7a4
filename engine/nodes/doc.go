// Package nodes is what several servers on one store agree on: which of them live, and which has the
// sessions of a client. Begin with turns.go, which says how a client comes from one node to another,
// and watch.go, which says when a node is given up.
package nodes
