package drover

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// Service is the operations of this server beside those of the vendor's API.
var Service = schema.Service{
	Name: "drover", Version: "2026-11-29", Signing: "iot",
	Operations: []schema.Operation{
		DescribeSteering, UpdateSteering, ApproveWave, RetryJobExecutions,

		HoldThing, DescribeHold, ReleaseThing, ListHolds,

		DescribeFailures, ListJobTargetThings, ReplayJob,
		ListAuditRecords, DescribeAuditLog, VerifyAuditLog,
		Forecast,
		ExplainThing, ExplainJob,
		DescribeJobProgress, CountThings, ListThingEvents, ExplainPermission,

		CreateSink, UpdateSink, RotateSinkSecret, DescribeSink, ListSinks, DeleteSink,
		ListDeadLetters, RetryDeadLetters, DeleteDeadLetters,
	},
}

// jobErrors are those that every operation here lists, and those given.
func jobErrors(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.ResourceNotFound, api.Throttling,
		api.ServiceUnavailable)
}
