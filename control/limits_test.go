package control

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// limited is a plane whose limits a test changes, with the operations that meet them.
type limited struct {
	*scenario
	limits job.Limits
	made   int
}

// set changes the limits, as a reload does.
func (l *limited) set(change func(*job.Limits)) {
	l.limits = job.DefaultLimits
	change(&l.limits)
	l.engine.SetLimits(l.limits)
	l.handler.SetLimits(l.limits)
}

// send calls an operation and returns its exception with the message, empty for none.
func (l *limited) send(operation string, members map[string]any) string {
	op := described(operation)
	w := l.serve(op, members)
	if w.Code == http.StatusOK {
		return ""
	}
	return l.show(op, w)
}

// create makes a job with these members beside those that it must have.
func (l *limited) create(members map[string]any) string {
	l.made++
	all := map[string]any{
		"jobId":    fmt.Sprint("j", l.made),
		"targets":  []string{registry.DefaultScope.ARN(registry.KindThing, "t")},
		"document": "{}",
	}
	for name, value := range members {
		all[name] = value
	}
	return l.send("CreateJob", all)
}

// ahead is a time of a schedule, so many minutes from now.
func (l *limited) ahead(minutes int) string {
	at := l.clock.Now().Add(time.Duration(minutes) * time.Minute)
	return at.Format("2006-01-02 15:04")
}

// groups are the ARNs of n groups, which exist.
func (l *limited) groups(n int) (arns []string) {
	for i := range n {
		name := fmt.Sprint("g", i)
		_ = l.send("CreateThingGroup", map[string]any{"thingGroupName": name})
		arns = append(arns, registry.DefaultScope.ARN(registry.KindGroup, name))
	}
	return arns
}

// numbered are n entries k1 to kn.
func numbered(n int) map[string]string {
	all := map[string]string{}
	for i := range n {
		all[fmt.Sprint("k", i+1)] = "v"
	}
	return all
}

// tagList are n tags.
func tagList(n int) (tags []map[string]string) {
	for key := range numbered(n) {
		tags = append(tags, map[string]string{"Key": key, "Value": "v"})
	}
	return tags
}

// A limitRow sends a request of a size that the limit allows or not.
type limitRow struct {
	rule   string
	from   int // the default
	lower  int // a limit below it; 0: there is none
	higher int // a limit above it
	set    func(l *job.Limits, n int)
	send   func(l *limited, n int) string
	says   string // what a refusal has, %d being the limit
	least  bool   // the limit is a lower one
}

// limitRows are the limits that settings change.
var limitRows = []limitRow{
	{
		rule: "R-LIM-3", from: 32768, lower: 2000, higher: 65536,
		set: func(l *job.Limits, n int) { l.Requests.DocumentBytes = n },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{"document": `{"a":"` + strings.Repeat("x", n-8) + `"}`})
		},
		says: "document: the value is refused: length",
	},
	{
		rule: "R-LIM-7", from: 100, lower: 2, higher: 150,
		set: func(l *job.Limits, n int) { l.Requests.Targets = n },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{"targets": l.groups(n)})
		},
		says: "targets: %d items are not in 1..%d",
	},
	{
		rule: "R-LIM-9", from: 3600, higher: 7200,
		set: func(l *job.Limits, n int) { l.Requests.URLLifetime = time.Duration(n) * time.Second },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{"presignedUrlConfig": map[string]any{"expiresInSec": n}})
		},
		says: "presignedUrlConfig.expiresInSec: %d is not in 60..%d",
	},
	{
		rule: "R-LIM-11", from: 1000, lower: 5, higher: 20000,
		set: func(l *job.Limits, n int) { l.Requests.PerMinute = n },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{
				"jobExecutionsRolloutConfig": map[string]any{"maximumPerMinute": n},
			})
		},
		says: "jobExecutionsRolloutConfig.maximumPerMinute: %d is not in 1..%d",
	},
	{
		rule: "R-LIM-12", from: 1000, lower: 5, higher: 20000,
		set: func(l *job.Limits, n int) { l.Requests.PerMinute = n },
		send: func(l *limited, n int) string {
			ramp := map[string]any{
				"baseRatePerMinute":    n,
				"incrementFactor":      2,
				"rateIncreaseCriteria": map[string]any{"numberOfNotifiedThings": 1},
			}
			config := map[string]any{"exponentialRate": ramp}
			if n > 1000 {
				config["maximumPerMinute"] = l.limits.Requests.PerMinute
			}
			return l.create(map[string]any{"jobExecutionsRolloutConfig": config})
		},
		says: "jobExecutionsRolloutConfig.exponentialRate.baseRatePerMinute: %d is not in 1..%d",
	},
	{
		rule: "R-LIM-20", from: 10, lower: 1, higher: 20,
		set: func(l *job.Limits, n int) { l.Requests.Placeholders = n },
		send: func(l *limited, n int) string {
			const one = "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"
			return l.create(map[string]any{
				"document":           `{"a":"` + strings.Repeat(one, n) + `"}`,
				"presignedUrlConfig": map[string]any{"roleArn": "arn:aws:iam::123456789012:role/r"},
			})
		},
		says: "InvalidJobDocument: document: %d placeholders, at most %d are allowed",
	},
	{
		rule: "R-LIM-21", from: 2, lower: 1, higher: 5,
		set: func(l *job.Limits, n int) { l.Requests.SameLocal = n },
		send: func(l *limited, n int) string {
			key := strings.Repeat("${jobId}", n)
			return l.create(map[string]any{
				"document": `{"a":"${aws:iot:s3-presigned-url-upload:` +
					`https://s3.us-east-1.amazonaws.com/b/` + key + `}"}`,
				"presignedUrlConfig": map[string]any{"roleArn": "arn:aws:iam::123456789012:role/r"},
			})
		},
		says: "more than %[2]d of ${jobId}",
	},
	{
		rule: "R-LIM-23", from: 30, lower: 1, higher: 60, least: true,
		set: func(l *job.Limits, n int) { l.Requests.StartAhead = time.Duration(n) * time.Minute },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{"schedulingConfig": map[string]any{"startTime": l.ahead(n)}})
		},
		says: "must be at least %[2]d minutes and at most 1 year from now",
	},
	{
		rule: "R-LIM-24", from: 30, lower: 1, higher: 60, least: true,
		set: func(l *job.Limits, n int) { l.Requests.EndAhead = time.Duration(n) * time.Minute },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{
				"schedulingConfig": map[string]any{"endTime": l.ahead(n), "endBehavior": "CANCEL"},
			})
		},
		says: "must be at least %[2]d minutes and at most 2 years from now",
	},
	{
		rule: "R-LIM-24 after the start", from: 30, lower: 1, higher: 60, least: true,
		set: func(l *job.Limits, n int) { l.Requests.EndAhead = time.Duration(n) * time.Minute },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{"schedulingConfig": map[string]any{
				"startTime": l.ahead(90), "endTime": l.ahead(90 + n), "endBehavior": "CANCEL",
			}})
		},
		says: "must be %[2]d minutes to 2 years after startTime",
	},
	{
		rule: "R-LIM-28 of a new resource", from: 50, lower: 2, higher: 60,
		set: func(l *job.Limits, n int) { l.Registry.Tags = n },
		send: func(l *limited, n int) string {
			return l.create(map[string]any{"tags": tagList(n)})
		},
		says: "tags: %d items are not in ..%d",
	},
	{
		rule: "R-LIM-28", from: 50, lower: 2, higher: 60,
		set: func(l *job.Limits, n int) { l.Registry.Tags = n },
		send: func(l *limited, n int) string {
			l.made++
			name := fmt.Sprint("k", l.made)
			_ = l.send("CreateThingGroup", map[string]any{"thingGroupName": name})
			arn := registry.DefaultScope.ARN(registry.KindGroup, name)
			return l.send("TagResource", map[string]any{"resourceArn": arn, "tags": tagList(n)})
		},
		says: "tags: %d tags in total, at most %d are allowed",
	},
	{
		rule: "R-LIM-29", from: 16, lower: 1, higher: 30,
		set: func(l *job.Limits, n int) { l.Requests.AbortCriteria = n },
		send: func(l *limited, n int) string {
			criterion := map[string]any{
				"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 1,
				"minNumberOfExecutedThings": 1,
			}
			var all []any
			for range n {
				all = append(all, criterion)
			}
			return l.create(map[string]any{"abortConfig": map[string]any{"criteriaList": all}})
		},
		says: "abortConfig.criteriaList: %d items are not in 1..%d",
	},
	{
		rule: "R-ID-8 without a type", from: 3, lower: 1, higher: 8,
		set:  func(l *job.Limits, n int) { l.Registry.AttributesUntyped = n },
		send: func(l *limited, n int) string { return l.createThing(n, "") },
		says: "attributePayload.attributes: %d attributes, at most %d are allowed",
	},
	{
		rule: "R-ID-8", from: 50, lower: 4, higher: 60,
		set:  func(l *job.Limits, n int) { l.Registry.Attributes = n },
		send: func(l *limited, n int) string { return l.createThing(n, "pump") },
		says: "attributePayload.attributes: %d attributes, at most %d are allowed",
	},
}

// createThing makes a thing with so many attributes.
func (l *limited) createThing(attributes int, kind string) string {
	l.made++
	members := map[string]any{
		"thingName":        fmt.Sprint("thing", l.made),
		"attributePayload": map[string]any{"attributes": numbered(attributes)},
	}
	if kind != "" {
		members["thingTypeName"] = kind
	}
	return l.send("CreateThing", members)
}

// newLimited has a thing and a thing type.
func newLimited(t *testing.T) *limited {
	t.Helper()
	l := &limited{scenario: newScenario(t), limits: job.DefaultLimits}
	for _, refused := range []string{
		l.send("CreateThing", map[string]any{"thingName": "t"}),
		l.send("CreateThingType", map[string]any{"thingTypeName": "pump"}),
	} {
		if refused != "" {
			t.Fatal(refused)
		}
	}
	return l
}

// Each limit at its default, lowered and raised: what is at the limit is accepted, and what is one
// beyond is refused, with the limit in the message (R-LIM-56).
func TestLimitsOfRequests(t *testing.T) {
	t.Parallel()
	for _, row := range limitRows {
		t.Run(row.rule, func(t *testing.T) {
			t.Parallel()
			l := newLimited(t)
			for _, limit := range []int{row.from, row.lower, row.higher, row.from} {
				if limit == 0 {
					continue
				}
				l.set(func(limits *job.Limits) { row.set(limits, limit) })
				if refused := row.send(l, limit); refused != "" {
					t.Errorf("a limit of %d refuses %d: %s", limit, limit, refused)
				}
				beyond := limit + 1
				if row.least {
					beyond = limit - 1
				}
				want := row.says
				if strings.Contains(want, "%") {
					want = strings.SplitN(fmt.Sprintf(want, beyond, limit), "%!(EXTRA", 2)[0]
				}
				if got := row.send(l, beyond); !strings.Contains(got, want) {
					t.Errorf("a limit of %d answers %d with %q, want %q", limit, beyond, got, want)
				}
			}
		})
	}
}

// What is stored and exceeds a limit that was lowered stays, and can be changed so that it does not
// grow (R-LIM-55).
func TestLoweredLimits(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	group := map[string]any{"thingGroupName": "g", "tags": tagList(5)}
	arn := registry.DefaultScope.ARN(registry.KindGroup, "g")
	attributes := func(n int) map[string]any {
		return map[string]any{"attributes": numbered(n), "merge": true}
	}
	template := map[string]any{
		"jobTemplateId": "fast", "description": "d", "document": `{"a":"bb"}`,
		"jobExecutionsRolloutConfig": map[string]any{"maximumPerMinute": 500},
	}
	thing := map[string]any{
		"thingName": "p", "thingTypeName": "pump", "attributePayload": attributes(5),
	}
	for operation, members := range map[string]map[string]any{
		"CreateThingGroup": group, "CreateThing": thing, "CreateJobTemplate": template,
	} {
		if refused := l.send(operation, members); refused != "" {
			t.Fatal(refused)
		}
	}
	l.set(func(limits *job.Limits) {
		limits.Registry = registry.Limits{Attributes: 2, AttributesUntyped: 1, Tags: 2}
		limits.Requests.PerMinute = 100
	})
	tag := func(key string) map[string]any {
		tags := []map[string]string{{"Key": key, "Value": "other"}}
		return map[string]any{"resourceArn": arn, "tags": tags}
	}
	update := func(n int) map[string]any {
		return map[string]any{"thingName": "p", "attributePayload": attributes(n)}
	}
	fromTemplate := map[string]any{
		"jobTemplateArn": "arn:aws:iot:us-east-1:000000000000:jobtemplate/fast",
	}
	for _, row := range []struct{ name, got, want string }{
		{"a tag that is there", l.send("TagResource", tag("k1")), ""},
		{"a new tag", l.send("TagResource", tag("new")),
			"410 LimitExceededException: tags: 6 tags in total, at most 2 are allowed"},
		{"attributes that are there", l.send("UpdateThing", update(2)), ""},
		{"a new attribute", l.send("UpdateThing", update(6)), "400 InvalidRequestException: " +
			"attributePayload.attributes: 6 attributes, at most 2 are allowed"},
		{"a template is judged when a job is made", l.create(fromTemplate),
			"400 InvalidRequestException: " +
				"jobExecutionsRolloutConfig.maximumPerMinute: 500, at most 100 are allowed"},
	} {
		if row.got != row.want {
			t.Errorf("%s: %q, want %q", row.name, row.got, row.want)
		}
	}
}

// A limit on the rate that is less than 1000 is the rate of a job that gives none (R-LIM-57).
func TestRateWithoutConfig(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	rate := func(id string) int {
		d, err := l.plane.Jobs.DescribeJob(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return d.Rollout.Rate(0)
	}
	for _, row := range []struct{ limit, want int }{{1000, 1000}, {100, 100}, {60_000, 1000}} {
		l.set(func(limits *job.Limits) { limits.Requests.PerMinute = row.limit })
		if refused := l.create(nil); refused != "" {
			t.Fatal(refused)
		}
		if got := rate(fmt.Sprint("j", l.made)); got != row.want {
			t.Errorf("a limit of %d: %d, want %d", row.limit, got, row.want)
		}
	}
	l.set(func(limits *job.Limits) { limits.Requests.PerMinute = 40 })
	if got := rate("j1"); got != 1000 {
		t.Errorf("a job that is there: %d, want 1000", got)
	}
	ramp := map[string]any{
		"baseRatePerMinute":    20,
		"incrementFactor":      2,
		"rateIncreaseCriteria": map[string]any{"numberOfNotifiedThings": 1},
	}
	refused := l.send("UpdateJob", map[string]any{
		"jobId":                      "j1",
		"jobExecutionsRolloutConfig": map[string]any{"exponentialRate": ramp},
	})
	if refused != "" {
		t.Fatal(refused)
	}
	if got := rate("j1"); got != 20 {
		t.Errorf("after an update: %d, want 20", got)
	}
	d, err := l.plane.Jobs.DescribeJob(t.Context(), "j1")
	if err != nil || d.Rollout.MaximumPerMinute != 40 {
		t.Errorf("after an update: at most %d a minute, want 40: %v", d.Rollout.MaximumPerMinute, err)
	}
}
