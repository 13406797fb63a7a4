package iot_test

import (
	"encoding/json"
	"testing"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

const createJobBody = `{
	"targets": ["arn:aws:iot:us-east-1:000000000000:thinggroup/site-1", "arn:aws:iot:us-east-1:000000000000:thing/pump-07"],
	"document": "{\"operation\":\"upgrade\",\"to\":\"2.4.1\"}",
	"description": "firmware 2.4.1", "targetSelection": "SNAPSHOT",
	"jobExecutionsRolloutConfig": {"maximumPerMinute": 500, "exponentialRate": {"baseRatePerMinute": 10,
		"incrementFactor": 1.5, "rateIncreaseCriteria": {"numberOfSucceededThings": 50}}},
	"abortConfig": {"criteriaList": [{"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 12.5,
		"minNumberOfExecutedThings": 20}]},
	"timeoutConfig": {"inProgressTimeoutInMinutes": 60}, "tags": [{"Key": "team", "Value": "fleet"}],
	"jobExecutionsRetryConfig": {"criteriaList": [{"failureType": "FAILED", "numberOfRetries": 3}]}
}`

func BenchmarkCreateJob(b *testing.B) {
	r, body := newRouter(), []byte(createJobBody)
	b.ReportAllocs()
	for b.Loop() {
		m, err := r.Match("PUT", "/jobs/fw-2-4-1")
		if err == nil {
			_, err = m.Decode(schema.Parts{Body: body}, schema.Decoding{})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// The peer: encoding/json alone into plain structures of the same shape, without routing,
// presence or constraints.
func BenchmarkCreateJobEncodingJSON(b *testing.B) {
	type rollout struct {
		MaximumPerMinute *int32
		ExponentialRate  *struct {
			BaseRatePerMinute    int32
			IncrementFactor      json.Number
			RateIncreaseCriteria iot.RateIncreaseCriteria
		}
	}
	type abort struct {
		CriteriaList []struct {
			FailureType, Action       string
			ThresholdPercentage       json.Number
			MinNumberOfExecutedThings int32
		}
	}
	type peer struct {
		Targets                    []string
		Document, Description      *string
		TargetSelection            *string
		JobExecutionsRolloutConfig *rollout
		AbortConfig                *abort
		TimeoutConfig              *iot.TimeoutConfig
		Tags                       []iot.Tag
		JobExecutionsRetryConfig   *iot.JobExecutionsRetryConfig
	}
	body := []byte(createJobBody)
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal(body, new(peer)); err != nil {
			b.Fatal(err)
		}
	}
}
