package iot_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The shape limits of chapter 24 section 5 that one member decides, the boundary on both sides.
// %s stands for the value.
func TestShapeLimits(t *testing.T) {
	t.Parallel()
	text := func(n int) string { return quoted(strings.Repeat("a", n)) }
	word := func(n int) string { return strings.Repeat("a", n) } // in a path
	list := func(n int, item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	details := func(pairs, key, value int) string {
		all := map[string]string{}
		for i := range pairs {
			all[fmt.Sprintf("%0*d", key, i)] = strings.Repeat("v", value)
		}
		out, _ := json.Marshal(all)
		return string(out)
	}
	arns := func(n int) string { return list(n, `"arn:aws:iot:us-east-1:000000000000:package/p/version/1"`) }
	schedule := func(member string) string { return job(`"schedulingConfig":{` + member + `}`) }
	window := func(start, minutes string) string {
		return schedule(`"maintenanceWindows":[{"startTime":` + start + `,"durationInMinutes":` + minutes + `}]`)
	}
	growth := func(member string) string {
		return job(`"jobExecutionsRolloutConfig":{"exponentialRate":{"baseRatePerMinute":1,"incrementFactor":2,"rateIncreaseCriteria":{` + member + `}}}`)
	}
	retry := func(criteria string) string {
		return job(`"jobExecutionsRetryConfig":{"criteriaList":` + criteria + `}`)
	}
	const create, cancelExecution = "PUT /jobs/j", "PUT /things/t/jobs/j/cancel"
	r := newRouter()
	for _, row := range []struct {
		rule, line, body string
		good, bad        []string
	}{
		{"R-LIM-1 job id", "PUT /jobs/%s", targets(1), []string{word(1), word(64)}, []string{word(65)}},
		{"R-LIM-1 template id", "PUT /job-templates/%s", `{"description":"d"}`, []string{word(1), word(64)}, []string{word(65)}},
		{"R-LIM-2 thing name", "POST /things/%s", "", []string{word(1), word(128)}, []string{word(129)}},
		{"R-LIM-2 group name", "POST /thing-groups/%s", "", []string{word(1), word(128)}, []string{word(129)}},
		{"R-LIM-3", create, job(`"document":%%s`), []string{text(32768)}, []string{text(32769)}},
		{"R-LIM-4", create, job(`"documentSource":%%s`), []string{text(1), text(1350)}, []string{text(0), text(1351)}},
		{"R-LIM-5 description", create, job(`"description":%%s`), []string{text(2028)}, []string{text(2029)}},
		{"R-LIM-5 comment", "PUT /jobs/j/cancel", `{"comment":%s}`, []string{text(2028)}, []string{text(2029)}},
		{"R-LIM-6", "PUT /jobs/j/cancel", `{"reasonCode":%s}`, []string{quoted(strings.Repeat("A", 128))}, []string{quoted(strings.Repeat("A", 129)), text(1)}},
		{"R-LIM-7", create, `{"targets":%s}`, []string{list(1, `"arn:x"`), list(100, `"arn:x"`)}, []string{list(0, ""), list(101, `"arn:x"`)}},
		{"R-LIM-8", create, `{"targets":[%s]}`, []string{text(2048)}, []string{text(2049)}},
		{"R-LIM-9", create, job(`"presignedUrlConfig":{"expiresInSec":%%s}`), []string{"60", "3600"}, []string{"59", "3601"}},
		{"R-LIM-10 jobs", "GET /jobs?maxResults=%s", "", []string{"1", "250"}, []string{"0", "251"}},
		{"R-LIM-11", create, job(`"jobExecutionsRolloutConfig":{"maximumPerMinute":%%s}`), []string{"1", "1000"}, []string{"0", "1001"}},
		{"R-LIM-12", create, base("%s"), []string{"1", "1000"}, []string{"0", "1001"}},
		{"R-LIM-13", create, factor("%s"), []string{"1.1", "5", "1.5"}, []string{"1.0", "5.1", "1.55"}},
		{"R-LIM-14", create, threshold("%s"), []string{"100", "99.99"}, []string{"100.01", "99.999"}},
		{"R-LIM-15 executed", create, minimum("%s"), []string{"1"}, []string{"0"}},
		{"R-LIM-15 notified", create, growth(`"numberOfNotifiedThings":%%s`), []string{"1"}, []string{"0"}},
		{"R-LIM-15 succeeded", create, growth(`"numberOfSucceededThings":%%s`), []string{"1"}, []string{"0"}},
		{"R-LIM-16", create, job(`"timeoutConfig":{"inProgressTimeoutInMinutes":%%s}`), []string{"1", "10080"}, []string{"0", "-1", "10081"}},
		{"R-LIM-18 each", create, retry(`[{"failureType":"ALL","numberOfRetries":%%s}]`), []string{"0", "10"}, []string{"-1", "11"}},
		{"R-LIM-18 criteria", create, retry("%%s"), []string{list(1, `{"failureType":"ALL","numberOfRetries":1}`), list(2, `{"failureType":"FAILED","numberOfRetries":1}`)},
			[]string{"[]", list(3, `{"failureType":"FAILED","numberOfRetries":1}`)}},
		{"R-LIM-19 R-EXE-10 pairs", cancelExecution, `{"statusDetails":%s}`, []string{details(1, 1, 1), details(10, 1, 1)}, []string{details(11, 2, 1)}},
		{"R-LIM-19 R-EXE-10 key", cancelExecution, `{"statusDetails":%s}`, []string{details(1, 128, 1), `{"aZ0:_-":"v"}`}, []string{details(1, 129, 1), `{"":"v"}`, `{"a b":"v"}`}},
		{"R-LIM-19 R-EXE-10 value", cancelExecution, `{"statusDetails":%s}`, []string{details(1, 1, 1024)}, []string{details(1, 1, 1025), details(1, 1, 0), `{"a":"b\nc"}`, `{"a":1}`}},
		{"R-LIM-22 R-SCH-7 minutes", create, window(text(1), "%%s"), []string{"1", "1430"}, []string{"0", "1431"}},
		{"R-SCH-7 start", create, window("%%s", "1"), []string{text(1), text(256)}, []string{text(0), text(257)}},
		{"R-SCH-7 required", create, schedule(`"maintenanceWindows":[%%s]`), []string{`{"startTime":"x","durationInMinutes":1}`}, []string{`{"startTime":"x"}`, `{"durationInMinutes":1}`, `{}`}},
		{"R-CON-20 startTime", create, schedule(`"startTime":%%s`), []string{`"2026-03-01 12:00"`}, []string{"1772366400", "1772366400.5"}},
		{"R-CON-20 endTime", create, schedule(`"endTime":%%s`), []string{`"2026-03-01 12:00"`}, []string{"1772366400"}},
		{"R-LIM-26", create, job(`"destinationPackageVersions":%%s`), []string{arns(25)}, []string{arns(26)}},
		{"R-PKG-4", create, job(`"destinationPackageVersions":[%%s]`), []string{`"arn:aws:iot:us-east-1:000000000000:package/p/version/$default"`}, []string{`"p/version/1"`, `""`, `"arn:a b"`}},
		{"R-LIM-27", create, job(`"documentParameters":{"a":%%s}`), []string{text(1), text(30720)}, []string{text(0), text(30721)}},
		{"R-LIM-28 tags", create, job(`"tags":%%s`), []string{list(50, `{"Key":"a"}`)}, []string{list(51, `{"Key":"a"}`)}},
		{"R-LIM-28 key", create, job(`"tags":[{"Key":%%s}]`), []string{text(1), text(128)}, []string{text(0), text(129)}},
		{"R-LIM-28 value", create, job(`"tags":[{"Key":"a","Value":%%s}]`), []string{text(0), text(256)}, []string{text(257)}},
		{"R-LIM-29", create, job(`"abortConfig":{"criteriaList":%%s}`), []string{list(16, criterion)}, []string{list(17, criterion)}},
	} {
		at := func(value string) (string, string) {
			if strings.Contains(row.line, "%s") {
				return fmt.Sprintf(row.line, value), row.body
			}
			return row.line, strings.Replace(row.body, "%s", value, 1)
		}
		for _, value := range row.good {
			line, body := at(value)
			_, err := send(r, line, body, nil)
			check(t, row.rule, line+" "+body, err, "")
		}
		for _, value := range row.bad {
			line, body := at(value)
			if _, err := send(r, line, body, nil); err == nil {
				t.Errorf("%s: accepted: %.60s %.200s", row.rule, line, body)
			}
		}
	}
}

const criterion = `{"failureType":"ALL","action":"CANCEL","thresholdPercentage":1,"minNumberOfExecutedThings":1}`
