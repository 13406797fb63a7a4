package migrate

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// A Kind is a kind of object that is copied.
type Kind string

// The kinds, in the order in which they are copied. Memberships are those of things in static groups
// and in billing groups; attachments are those of policies to certificates and groups, and of things
// to certificates. Tags come with what has them: as a kind they stand for a source that does not say
// them.
const (
	Types         Kind = "types"
	BillingGroups Kind = "billing-groups"
	Groups        Kind = "groups"
	Things        Kind = "things"
	Memberships   Kind = "memberships"
	Policies      Kind = "policies"
	Certificates  Kind = "certificates"
	Attachments   Kind = "attachments"
	Templates     Kind = "templates"
	Jobs          Kind = "jobs"

	Tags Kind = "tags"
)

// Kinds are all kinds that can be chosen, in the order in which they are copied.
func Kinds() []Kind {
	return []Kind{
		Types, BillingGroups, Groups, Things, Memberships, Policies, Certificates, Attachments,
		Templates, Jobs,
	}
}

// Options say what is copied, and how.
type Options struct {
	// Only are the kinds to copy; none for all.
	Only []Kind
	// Plan reads both ends, finds what a copy would do, and changes nothing.
	Plan bool
	// Export says that the target is an account and not a Drover: it knows no pause of jobs (R-MOV-9).
	Export bool
	// Unreleased takes along things that have no execution of a job yet (R-MOV-6).
	Unreleased bool
	// Found gets each finding as it is made; an error that it returns ends the copy.
	Found func(Finding) error
	// Progress is told now and then how many objects of a kind have been looked at. It may be nil.
	Progress func(kind Kind, done int)
	// Now is the time by which scheduled jobs are judged; nil means time.Now.
	Now func() time.Time
}

// copier is one copy that is under way.
type copier struct {
	Options
	source, target *iot.Client

	mu      sync.Mutex // guards what follows
	summary Summary
	done    int // objects of the present kind

	groups     []group           // of the source, once they have been read
	deprecated []string          // thing types of the source that are deprecated
	madeTypes  map[string]bool   // thing types that this copy has made
	renamed    map[string]string // certificate ids of the source, where the target has others
	prefix     string            // arn:aws:iot:REGION:ACCOUNT: of the target, once one was seen
	noTags     bool              // the source does not answer ListTagsForResource
}

// steps are what a copy does, in order. Jobs that an earlier copy has brought are looked at before
// memberships are made, so that no thing enters a job by a group that it must not enter (R-MOV-7).
var steps = []struct {
	kind Kind
	run  func(*copier, context.Context) error
}{
	{Types, (*copier).copyTypes},
	{BillingGroups, (*copier).copyBillingGroups},
	{Groups, (*copier).copyGroups},
	{Things, (*copier).copyThings},
	{Jobs, (*copier).catchUp},
	{Memberships, (*copier).copyMemberships},
	{Types, (*copier).deprecateTypes},
	{Policies, (*copier).copyPolicies},
	{Certificates, (*copier).copyCertificates},
	{Attachments, (*copier).copyAttachments},
	{Templates, (*copier).copyTemplates},
	{Jobs, (*copier).copyJobs},
}

// Copy copies from source to target. An error means that it did not get to the end: one of the two
// could not be reached or refuses the credentials, or ctx has ended. What could not come for other
// reasons is a finding, and counted in the summary.
func Copy(ctx context.Context, source, target *iot.Client, o Options) (Summary, error) {
	c := &copier{
		Options:   o,
		source:    source,
		target:    target,
		summary:   Summary{},
		madeTypes: map[string]bool{},
		renamed:   map[string]string{},
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, step := range steps {
		if !c.chosen(step.kind) {
			continue
		}
		c.done = 0
		if err := step.run(c, ctx); err != nil {
			return c.summary, fmt.Errorf("%s: %w", step.kind, err)
		}
	}
	return c.summary, nil
}

// chosen reports whether a kind is to be copied.
func (c *copier) chosen(kind Kind) bool {
	return len(c.Only) == 0 || slices.Contains(c.Only, kind)
}
