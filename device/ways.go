package device

import (
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
)

// Ways are the ways by which a device can work on a job, with what its policies must allow for that
// (R-ID-27, R-HTTP-33): over MQTT it connects, asks for work or is notified of it, and reports;
// over HTTPS it asks and reports. Where several topics or operations serve the same purpose, one of
// them is enough. jobID may be empty, for any job.
func Ways(scope registry.Scope, thing, jobID string) []explain.Way {
	need := func(permissions ...explain.Permission) explain.Need { return permissions }
	on := func(action, kind string, names ...string) (all explain.Need) {
		for _, name := range names {
			resource := scope.ARN(kind, jobsdata.RequestTopic(thing, name))
			all = append(all, explain.Permission{Action: action, Resource: resource})
		}
		return all
	}
	http := func(operation string) explain.Permission {
		return explain.Permission{
			Action:   "iotjobsdata:" + operation,
			Resource: scope.ARN(registry.KindThing, thing),
		}
	}
	asks := []string{"$next/get", "start-next", "get"}
	mqtt := explain.Way{MQTT: true, Needs: []explain.Need{
		need(explain.Permission{Action: "iot:Connect", Resource: scope.ARN("client", thing)}),
	}}
	https := explain.Way{Needs: []explain.Need{
		need(http("DescribeJobExecution"), http("StartNextPendingJobExecution"),
			http("GetPendingJobExecutions")),
	}}
	if jobID != "" {
		asks = append(asks, jobID+"/get")
	}
	mqtt.Needs = append(mqtt.Needs,
		on("iot:Subscribe", "topicfilter", "notify-next", "notify", "#", "+", "$next/get/accepted",
			"start-next/accepted", "get/accepted"),
		on("iot:Receive", "topic", "notify-next", "notify", "$next/get/accepted",
			"start-next/accepted", "get/accepted"),
		on("iot:Publish", "topic", asks...))
	if jobID != "" {
		mqtt.Needs = append(mqtt.Needs, on("iot:Publish", "topic", jobID+"/update"))
		https.Needs = append(https.Needs, need(http("UpdateJobExecution")))
	}
	return []explain.Way{mqtt, https}
}
