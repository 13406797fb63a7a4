package device

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
)

// permissions are the first of each need of a way, and how many alternatives there are.
func permissions(w explain.Way) (first []string, alternatives []int) {
	for _, need := range w.Needs {
		first = append(first, need[0].Action+" "+need[0].Resource)
		alternatives = append(alternatives, len(need))
	}
	return first, alternatives
}

// What a device must be allowed to do, over MQTT and over HTTPS (R-EXP-7, R-ID-27, R-HTTP-33).
func TestWays(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iot:us-east-1:000000000000:"
	const jobs = "$aws/things/pump/jobs/"
	for _, row := range []struct {
		jobID        string
		mqtt, https  []string
		alternatives []int
	}{
		{
			"",
			[]string{
				"iot:Connect " + arn + "client/pump",
				"iot:Subscribe " + arn + "topicfilter/" + jobs + "notify-next",
				"iot:Receive " + arn + "topic/" + jobs + "notify-next",
				"iot:Publish " + arn + "topic/" + jobs + "$next/get",
			},
			[]string{"iotjobsdata:DescribeJobExecution " + arn + "thing/pump"},
			[]int{1, 7, 5, 3},
		},
		{
			"fw",
			[]string{
				"iot:Connect " + arn + "client/pump",
				"iot:Subscribe " + arn + "topicfilter/" + jobs + "notify-next",
				"iot:Receive " + arn + "topic/" + jobs + "notify-next",
				"iot:Publish " + arn + "topic/" + jobs + "$next/get",
				"iot:Publish " + arn + "topic/" + jobs + "fw/update",
			},
			[]string{
				"iotjobsdata:DescribeJobExecution " + arn + "thing/pump",
				"iotjobsdata:UpdateJobExecution " + arn + "thing/pump",
			},
			[]int{1, 7, 5, 4, 1},
		},
	} {
		ways := Ways(registry.DefaultScope, "pump", row.jobID)
		if len(ways) != 2 || !ways[0].MQTT || ways[1].MQTT {
			t.Fatalf("%+v", ways)
		}
		first, alternatives := permissions(ways[0])
		if diff := cmp.Diff(row.mqtt, first); diff != "" || !slices.Equal(alternatives, row.alternatives) {
			t.Errorf("MQTT, %q: %v (-want +got):\n%s", row.jobID, alternatives, diff)
		}
		if first, _ = permissions(ways[1]); !slices.Equal(first, row.https) {
			t.Errorf("HTTPS, %q: %v", row.jobID, first)
		}
	}
}
