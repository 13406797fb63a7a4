// Package metrics is what a server says of itself to Prometheus: one table of families (families.go),
// counters and histograms that others count into (metrics.go), and what is read at a scrape
// (collector.go). It must not ask the store, and no label may have a value of which a client decides
// how many there are (R-OBS-4, R-OBS-5). Start with New.
package metrics
