// Package traces follows requests through the server for a store of traces that takes OTLP over HTTP:
// a request, its wait for a commit, its decision, the commit that it shares with others, and the
// announcement of what followed (R-OBS-12). It is off unless it is asked for, and then costs nothing.
// It must never wait for whoever takes the spans. Start with New.
package traces
