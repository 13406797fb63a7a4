package explain

import (
	"time"

	"github.com/drover-iot/drover/job"
)

// Facts is what is known of a thing and a job at a time.
type Facts struct {
	Now   time.Time
	Thing string // its name
	// Job is the job. It must be as its schedule has it (job.Job.ApplySchedule).
	Job    job.Job
	Target Target
	// Latest is the execution with the highest number of the job on the thing, nil without one.
	// LastNumber is the highest number that was ever used, deleted ones included.
	Latest     *job.Execution
	LastNumber int64
	// Confirmation is that of a success that waits to be confirmed, nil for one that does not.
	Confirmation *job.Confirmation
	// RetryWaits says that a retry waits until the job goes on, RetryAskedFor that an operator has
	// asked for one whose turn has not come, LateJoiner that the thing waits for an execution of a
	// continuous job.
	RetryWaits, RetryAskedFor, LateJoiner bool
	// Hold is that of the thing, nil for one that is not held.
	Hold *job.Hold
	// Front is the first execution that the thing sees before this one, nil for none.
	Front *Front
	// Place is its place in the rollout, nil when that has no turn for it.
	Place *Place
	// Client is what is known of its client, Access what its policies say; nil when nothing is.
	Client *Client
	Access *Access
}

// Target is how a thing is a target of a job.
type Target struct {
	Named bool   // the job names it
	Group string // else the group that the job names and that it is in, or below; empty for none
	// InTime says that the rollout takes it: it is named, or was a member when the rollout began.
	InTime bool
	// WasInTime says that it was a member when the rollout began, and has left since.
	WasInTime bool
	// Wave is the wave that takes it; its number is 0 without waves.
	Wave job.ShownWave
}

// Is reports whether the thing is a target now.
func (t Target) Is() bool { return t.Named || t.Group != "" }

// Front is an execution that a thing sees before another one.
type Front struct {
	JobID     string
	Execution job.Execution
	More      int // how many others there are between the two
}

// Place is the place of a thing in the rollout.
type Place struct {
	// Before is how many things are released before it.
	Before int
	// AtLeast says that there may be more, because no more were counted; About that it is an
	// estimate: some of them may have had their executions, or belong to another wave.
	AtLeast, About bool
}

// Client is what is known of the client that is named like a thing.
type Client struct {
	// Seen says that it was connected since the server started. At is when it connected, or
	// disconnected last.
	Seen, Connected bool
	At              time.Time
	Why             string // why it disconnected
	// NotTheThing says that a client of this name is connected, and does not stand for the thing.
	NotTheThing bool
	Node        string // the node that it is connected to, when that is another one
	// Known says that the broker of this server was asked, so that the rest is of account.
	Known bool
	// Plain says that it has connected without a certificate, so that policies do not bind it.
	Plain bool
	// Receivers are clients whose sessions get the notices of the thing, some of them where they
	// are many.
	Receivers []string
	Notice    *Notice // nil when none is known of
}

// Notice is the last notice of the pending executions of a thing in the session of its client.
type Notice struct {
	Stored       bool // it waits in the session to be sent
	Sent         time.Time
	Acknowledged time.Time // zero as long as it was not
	QoS1         bool      // it can be acknowledged
}

// Access is what the policies in effect for a thing say.
type Access struct {
	Certificates int // that are attached to the thing
	// Unfit are those of them that may not connect, and why.
	Unfit []Unfit
	// Refusals are what is refused to the first one that may connect; none where one is refused
	// nothing.
	Refusals []Refusal
}

// Unfit is a certificate that may not connect.
type Unfit struct {
	Certificate string // its id
	Why         string
	Since       time.Time
}

// Refusal is that a device may not do what it must.
type Refusal struct {
	Certificate string
	Permission
	// Statement names the statement that refuses it, such as statement 2 of policy fleet; empty
	// when no statement allows it. Silent are the policies that do not.
	Statement string
	Silent    []string
	// Unknown are policy variables that have no value here, and may have one on a connection.
	Unknown []string
}

// A Permission is that something may be done.
type Permission struct {
	Action   string // iot:Publish
	Resource string // an ARN
}

// A Need is something that a device must be allowed to do: one of the permissions is enough.
type Need []Permission

// A Way is one by which a device can work on a job: all its needs must be met. Over MQTT the client
// id is the name of the thing.
type Way struct {
	MQTT  bool
	Needs []Need
}
