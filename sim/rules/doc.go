// Package rules holds a server to docs/spec: the simulator shows it every commit, question, answer,
// notification and event, and a Checker reports the first rule that does not hold.
//
// It is a second, plain reading of the spec. It counts rows, loops and uses fractions where the
// server has counters and cursors, and it must never call a decision of package job: a mistake
// there would then be expected here. Of job it uses the types only. It must not change the store,
// read a clock or draw a random number.
//
// Start with checker.go, which lists what a Checker is shown, and commit.go, where a commit is
// taken apart. Then each family of rules has a file: execution.go, timers.go, retry.go, rollout.go,
// abort.go, schedule.go, notices.go and so on.
package rules
