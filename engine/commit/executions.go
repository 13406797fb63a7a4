package commit

import "github.com/drover-iot/drover/job"

// CreateExecution stages a new execution.
func (tx *Tx) CreateExecution(x job.Execution) {
	tx.Changes.Job.CreatedExecutions = append(tx.Changes.Job.CreatedExecutions, x)
}

// UpdateExecution stages what one event made of an execution, and reports it to the hook.
func (tx *Tx) UpdateExecution(before, after job.Execution) error {
	tx.Changes.Job.UpdatedExecutions = append(tx.Changes.Job.UpdatedExecutions, after)
	return tx.committer.Hooks.ExecutionChanged(tx, before, &after)
}

// DeleteExecution stages the deletion of an execution, and reports it to the hook.
func (tx *Tx) DeleteExecution(x job.Execution) error {
	tx.Changes.Job.DeletedExecutions = append(tx.Changes.Job.DeletedExecutions, x.ExecutionKey)
	return tx.committer.Hooks.ExecutionChanged(tx, x, nil)
}
