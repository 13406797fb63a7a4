package agent

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/drover-iot/drover/agent/link"
	"github.com/drover-iot/drover/agent/place"
)

// The Jobs API over MQTT (docs/spec/31), as far as an agent needs it.

// An execution is one as the server shows it.
type execution struct {
	JobID    string          `json:"jobId"`
	Status   string          `json:"status"`
	Number   int64           `json:"executionNumber"`
	Document json.RawMessage `json:"jobDocument"`
}

// jobs asks for the jobs of one thing.
type jobs struct {
	link  *link.Link
	thing string
}

// topic is one of the thing's, below jobs.
func (j jobs) topic(rest string) string { return jobsTopic(j.thing, rest) }

func jobsTopic(thing, rest string) string { return "$aws/things/" + thing + "/jobs/" + rest }

// jobFilters are what an agent subscribes to. Answers come without a subscription here; AWS wants one.
func jobFilters(thing string) (filters []string) {
	for _, rest := range []string{"notify-next", "start-next/+", "+/get/+", "+/update/+"} {
		filters = append(filters, jobsTopic(thing, rest))
	}
	return filters
}

// startNext starts the next execution, or returns the one that is IN_PROGRESS; nil when there is none.
func (j jobs) startNext(ctx context.Context) (*execution, error) {
	var answer struct {
		Execution *execution `json:"execution"`
	}
	err := ask(ctx, j.link, j.topic("start-next"), nil, &answer)
	if answer.Execution != nil && answer.Execution.JobID == "" {
		return nil, err
	}
	return answer.Execution, err
}

// describe returns an execution as it is now; nil when it has ended or is no longer there.
func (j jobs) describe(ctx context.Context, jobID string) (*execution, error) {
	var answer struct {
		Execution *execution `json:"execution"`
	}
	err := ask(ctx, j.link, j.topic(jobID+"/get"), map[string]any{"includeJobDocument": true}, &answer)
	if isOver(err) {
		return nil, nil
	}
	return answer.Execution, err
}

// update reports on an execution.
func (j jobs) update(ctx context.Context, p place.Place, o place.Outcome) error {
	members := map[string]any{"status": o.Status, "executionNumber": p.Number}
	if len(o.Details) > 0 {
		members["statusDetails"] = o.Details
	}
	_, err := j.link.Ask(ctx, j.topic(p.JobID+"/update"), members)
	return err
}

// isOver reports whether an error says that the server takes an execution for ended or gone.
func isOver(err error) bool {
	var rejection *link.Rejection
	if !errors.As(err, &rejection) {
		return false
	}
	switch rejection.Code {
	case "InvalidStateTransition", "ResourceNotFound", "TerminalStateReached", "VersionMismatch":
		return true
	}
	return false
}
