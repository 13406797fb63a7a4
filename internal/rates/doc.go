// Package rates limits how often something is done. What goes beyond the rate is refused, never
// delayed: the caller tries again later, and the server holds no queue.
package rates
