// Package cron reads the cron expressions that say when maintenance windows open (R-SCH-14) and
// answers when one fires next and when it fired last. The dialect is that of Amazon
// EventBridge: six fields, years, and the day words L, W and #.
//
// It is pure: it knows times and nothing of jobs, and it never reads a clock. Start with
// schedule.go; field.go reads the plain fields and day.go the two fields for days.
package cron
