package commit

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// How much one commit takes on. Everybody waits while a commit is made, and the requests that come
// meanwhile wait for the next one. So a commit is bounded by what is done in it, not only by the
// number of its requests: it ends after the request that fills it, and the others go on in the next
// one, in their order. Work is counted in rows that are written, which take about as long as each
// other; a new job is worth many. A thousand reports of devices, most of one row, share a commit, as
// they share its sync: with 512 it was 10 to 15 of 100 fewer a second. Of 400 CreateJobs 43 do.
const (
	maxRequests = 1024
	maxWork     = 1024
	newJobWork  = 24
)

// AddWork counts work that writes nothing, in rows that could be written in the same time.
func (tx *Tx) AddWork(rows int) { tx.work += rows }

// Work is how much was done in this commit so far. Whoever does more than a request asks for looks
// at it, to leave the rest to a later commit.
func (tx *Tx) Work() int { return tx.work }

// full reports whether the commit takes no further request.
func (tx *Tx) full() bool { return tx.work >= maxWork }

// bytesPerRow is how many bytes of details that devices send count as one row more. A commit holds
// them twice: in its executions, and in the events that tell of them.
const bytesPerRow = 4096

// detailRows is what the details of executions count.
func detailRows(lists ...[]job.Execution) int {
	bytes := 0
	for _, list := range lists {
		for _, x := range list {
			for name, value := range x.Details {
				bytes += len(name) + len(value)
			}
		}
	}
	return bytes / bytesPerRow
}

// rows is how many rows changes write. The states of jobs are not among them: a job's is written
// once, when the commit closes, whoever changes it.
func rows(c *store.Changes) int {
	j, r := &c.Job, &c.Registry
	jobs := newJobWork*len(j.CreatedJobs) + len(j.Definitions) + len(j.DeletedJobs) +
		len(j.LateJoinersAdded) + len(j.LateJoinersDone) + len(j.MembershipWork) +
		len(j.RetriesWaiting) + len(j.RetriesDone) + len(j.Holds) + len(j.Released) +
		len(j.Confirmations) + len(j.ConfirmationsDone) +
		len(j.MembershipWorkDone) + len(j.CreatedTemplates) + len(j.DeletedTemplates)
	executions := len(j.CreatedExecutions) + len(j.UpdatedExecutions) +
		len(j.AmendedExecutions) + len(j.SilentExecutions) + len(j.DeletedExecutions) + len(j.ForgottenNumbers) +
		detailRows(j.CreatedExecutions, j.UpdatedExecutions)
	things := len(r.CreatedThings) + len(r.UpdatedThings) + len(r.DeletedThings) +
		len(r.CreatedGroups) + len(r.UpdatedGroups) + len(r.DeletedGroups) +
		len(r.ThingTypes) + len(r.DeletedThingTypes) +
		len(r.AddedMemberships) + len(r.RemovedMemberships) + len(r.LeftMemberships) +
		len(r.ForgottenMemberships) + len(r.Tagged)
	identities := len(r.CACertificates) + len(r.DeletedCACertificates) + len(r.Certificates) + len(r.DeletedCertificates) + len(r.Policies) +
		len(r.DeletedPolicies) + len(r.Attached) + len(r.Detached) + len(r.Principals) +
		len(r.DeletedPrincipals) + len(r.ProvisioningTemplates) +
		len(r.DeletedProvisioningTemplates) + len(r.TemporaryCertificates) + len(r.KeptCertificates) +
		len(r.Authorizers) + len(r.DeletedAuthorizers)
	nodes := len(c.Clients.Set) + len(c.Clients.Removed)
	return jobs + executions + things + identities + nodes + len(c.Settings) + len(c.Sessions)
}
