// Package live tells consoles what changes, by server-sent events: a browser opens one stream with
// an EventSource and names topics, such as jobs or job:fw-2.
//
// Each topic that somebody has subscribed to is sampled once a second, however many have, and an
// event is sent when the sample differs from the one before. Nothing is kept for a subscriber who
// was away: whoever connects gets the present state first.
//
// The package reads through the use cases of the engine and never writes. Begin with Hub, which
// knows nothing of jobs; Sources are the topics.
package live
