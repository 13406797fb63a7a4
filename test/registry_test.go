package test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

// Thing types, tags, dynamic groups and search, with the stock aws command line and with drover's
// own.
func TestRegistryWalk(t *testing.T) {
	t.Parallel()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	if _, err := os.Stat(stock); err != nil {
		t.Fatalf("the aws command line is missing: run make setup: %v", err)
	}
	for name, program := range map[string][]string{"aws": {stock}, "drover": {testserver.Binary}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, home := serve(t), t.TempDir()
			c := commandLine{t: t, program: program, env: s.environment(home), dir: home}
			c.types(s)
			c.dynamic(s)
			c.tags(s)
		})
	}
}

// want calls an iot operation with a query and compares the text.
func (c commandLine) want(want string, args ...string) {
	c.t.Helper()
	if got := strings.TrimSpace(c.ok(append(append([]string{"iot"}, args...), "--output", "text")...)); got != want {
		c.t.Errorf("%s: %q, want %q", strings.Join(args, " "), got, want)
	}
}

func (c commandLine) types(s *server) { // R-ID-5, R-ID-6, R-ID-8, R-ID-10, R-ID-48
	c.want(s.ARN("thingtype", "lamp"), "create-thing-type", "--thing-type-name", "lamp", "--query", "thingTypeArn",
		"--thing-type-properties", "thingTypeDescription=a lamp,searchableAttributes=fw,site", "--tags", "Key=team,Value=north")
	c.want("a lamp", "describe-thing-type", "--thing-type-name", "lamp", "--query", "thingTypeProperties.thingTypeDescription")
	c.want("False", "describe-thing-type", "--thing-type-name", "lamp", "--query", "thingTypeMetadata.deprecated")
	c.refused("ResourceAlreadyExistsException", "iot", "create-thing-type", "--thing-type-name", "lamp")
	for i := range 4 {
		c.json("iot", "create-thing", "--thing-name", fmt.Sprintf("lamp-%d", i), "--thing-type-name", "lamp",
			"--attribute-payload", fmt.Sprintf("attributes={fw=%d,site=north,a=1,b=2}", i))
	}
	c.json("iot", "create-thing", "--thing-name", "pump")
	c.refused("InvalidRequestException", "iot", "create-thing", "--thing-name", "x", "--attribute-payload", "attributes={a=1,b=2,c=3,d=4}")
	c.refused("ResourceNotFoundException", "iot", "create-thing", "--thing-name", "x", "--thing-type-name", "none")
	c.want("lamp-0\tlamp-1\tlamp-2\tlamp-3", "list-things", "--thing-type-name", "lamp", "--query", "things[].thingName")
	c.want("lamp", "describe-thing", "--thing-name", "lamp-0", "--query", "thingTypeName")
	c.refused("InvalidRequestException", "iot", "update-thing", "--thing-name", "lamp-3", "--remove-thing-type")
	c.json("iot", "update-thing", "--thing-name", "lamp-3", "--remove-thing-type", "--attribute-payload", "attributes={fw=3}")
	c.json("iot", "deprecate-thing-type", "--thing-type-name", "lamp")
	c.refused("InvalidRequestException", "iot", "update-thing", "--thing-name", "lamp-3", "--thing-type-name", "lamp")
	c.refused("InvalidRequestException", "iot", "delete-thing-type", "--thing-type-name", "lamp")
	c.json("iot", "deprecate-thing-type", "--thing-type-name", "lamp", "--undo-deprecate")
	c.json("iot", "update-thing", "--thing-name", "lamp-3", "--thing-type-name", "lamp")
	for _, name := range []string{"lamp:2", "other"} {
		c.json("iot", "create-thing-type", "--thing-type-name", name)
	}
	c.want("lamp\nlamp:2\nother", "list-thing-types", "--query", "thingTypes[].thingTypeName", "--page-size", "1")
	c.want("lamp\tlamp:2", "list-thing-types", "--thing-type-name", "lamp", "--query", "thingTypes[].thingTypeName")
	c.json("iot", "deprecate-thing-type", "--thing-type-name", "other")
	c.json("iot", "delete-thing-type", "--thing-type-name", "other")
	c.refused("ResourceNotFoundException", "iot", "describe-thing-type", "--thing-type-name", "other")
}

func (c commandLine) dynamic(s *server) { // R-ID-12, R-ID-38 to R-ID-42
	c.want("AWS_Things\t2017-09-30\tthingTypeName:lamp AND attributes.fw:<2", "create-dynamic-thing-group", "--thing-group-name", "old",
		"--query-string", "thingTypeName:lamp AND attributes.fw:<2", "--query", "[indexName,queryVersion,queryString]")
	c.want("ACTIVE\tthingTypeName:lamp AND attributes.fw:<2", "describe-thing-group", "--thing-group-name", "old", "--query", "[status,queryString]")
	c.want("lamp-0\tlamp-1", "list-things-in-thing-group", "--thing-group-name", "old", "--query", "things")
	c.want("old", "list-thing-groups-for-thing", "--thing-name", "lamp-1", "--query", "thingGroups[].groupName")
	c.json("iot", "create-job", "--job-id", "fw", "--targets", s.ARN("thinggroup", "old"), "--document", "{}")
	c.json("iot", "update-thing", "--thing-name", "lamp-1", "--attribute-payload", "attributes={fw=9},merge=true")
	c.want("lamp-0", "list-things-in-thing-group", "--thing-group-name", "old", "--query", "things")
	c.want("1\t1", "describe-job", "--job-id", "fw", "--query", "job.jobProcessDetails.[numberOfQueuedThings,numberOfRemovedThings]")
	c.want("2", "update-dynamic-thing-group", "--thing-group-name", "old", "--thing-group-properties", "thingGroupDescription=below 3",
		"--query-string", "attributes.fw < 3", "--expected-version", "1", "--query", "version")
	c.want("lamp-0\tlamp-2", "list-things-in-thing-group", "--thing-group-name", "old", "--query", "things")
	c.refused("InvalidRequestException", "iot", "add-thing-to-thing-group", "--thing-group-name", "old", "--thing-name", "pump")
	c.refused("InvalidRequestException", "iot", "delete-thing-group", "--thing-group-name", "old")
	c.refused("VersionConflictException", "iot", "delete-dynamic-thing-group", "--thing-group-name", "old", "--expected-version", "1")
	c.refused("InvalidQueryException", "iot", "create-dynamic-thing-group", "--thing-group-name", "bad", "--query-string", "thingName:(a OR")

	c.json("iot", "create-thing-group", "--thing-group-name", "site")
	c.json("iot", "add-thing-to-thing-group", "--thing-group-name", "site", "--thing-name", "pump", "--override-dynamic-groups")
	c.want("pump", "search-index", "--query-string", "thingGroupNames:site", "--query", "things[].thingName")
	c.want("lamp-1\tlamp-3", "search-index", "--query-string", "attributes.fw:[3 TO 9]", "--query", "things[].thingName")
}

func (c commandLine) tags(s *server) { // R-API-36, R-API-37, R-API-38, R-API-39, R-WIRE-24
	arn := s.ARN("thingtype", "lamp")
	list := []string{"list-tags-for-resource", "--resource-arn", arn, "--query", "tags[].[Key,Value][]"}
	c.want("team\tnorth", list...)
	c.json("iot", "tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=south", "Key=a b,Value=")
	c.want("a b\t\tteam\tsouth", list...)
	c.json("iot", "untag-resource", "--resource-arn", arn, "--tag-keys", "a b", "none")
	c.want("team\tsouth", list...)
	c.refused("InvalidRequestException", "iot", "tag-resource", "--resource-arn", arn, "--tags", "Key=aws:x,Value=1")
	c.refused("InvalidRequestException", "iot", "tag-resource", "--resource-arn", s.ARN("thing", "pump"), "--tags", "Key=x,Value=1")
	c.refused("ResourceNotFoundException", "iot", "list-tags-for-resource", "--resource-arn", s.ARN("job", "none"))
	job := s.ARN("job", "tagged")
	c.json("iot", "create-job", "--job-id", "tagged", "--targets", s.ARN("thing", "pump"), "--document", "{}", "--tags", "Key=k,Value=v")
	c.want("k", "list-tags-for-resource", "--resource-arn", job, "--query", "tags[].Key")
	if _, _, body := s.send(call{method: "GET", path: "/tags?resourceArn=" + url.QueryEscape(job)}); !strings.Contains(body, `[{"Key":"k","Value":"v"}]`) {
		c.t.Errorf("tags on the wire: %s", body)
	}
	status, _, body := s.send(call{method: "GET", path: "/jobs/tagged"})
	if status != 200 || strings.Contains(strings.ToLower(body), `"tags"`) {
		c.t.Errorf("DescribeJob of a job with tags: %d %s", status, body)
	}
	c.json("iot", "delete-job", "--job-id", "tagged", "--force")
	c.refused("ResourceNotFoundException", "iot", "list-tags-for-resource", "--resource-arn", job)
}

// What the operations of the registry refuse, by status, exception and what the message says, in
// the order of R-ERR-9.
func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, c := range []call{
		{method: "POST", path: "/thing-types/k", body: `{"thingTypeProperties":{"searchableAttributes":["b","a"]}}`},
		{method: "POST", path: "/thing-groups/s"},
		{method: "POST", path: "/dynamic-thing-groups/d", body: `{"queryString":"*"}`},
		{method: "POST", path: "/things/t"},
		// Said again, the same is no error (R-ID-48, R-ID-57).
		{method: "POST", path: "/thing-types/k", body: `{"thingTypeProperties":{"searchableAttributes":["a","b"]}}`},
		{method: "POST", path: "/dynamic-thing-groups/d", body: `{"queryString":"*","indexName":"AWS_Things","queryVersion":"2017-09-30","thingGroupProperties":{}}`},
		{method: "DELETE", path: "/dynamic-thing-groups/none"},
	} {
		if status, exception, body := s.send(c); status != http.StatusOK {
			t.Errorf("%s %s: %d %s %s", c.method, c.path, status, exception, body)
		}
	}
	fifty := make([]string, 50)
	for i := range fifty {
		fifty[i] = fmt.Sprintf(`{"Key":"k%d","Value":"v"}`, i)
	}
	tag := func(arn, tags string) string { return `{"resourceArn":"` + arn + `","tags":[` + tags + `]}` }
	group := s.ARN("thinggroup", "s")
	for _, row := range []struct {
		method, path, body string
		status             int
		exception, says    string
	}{
		{"POST", "/thing-types/k", ``, 409, "ResourceAlreadyExistsException", `"resourceArn":"` + s.ARN("thingtype", "k") + `"`},
		{"POST", "/thing-types/k%20", ``, 400, "InvalidRequestException", "thingTypeName"},
		{"POST", "/thing-types/x", `{"thingTypeProperties":{"searchableAttributes":["a","b","c","d"]}}`, 400, "InvalidRequestException", "searchableAttributes"},
		{"GET", "/thing-types/x", ``, 404, "ResourceNotFoundException", "thing type x"},
		{"DELETE", "/thing-types/x", ``, 404, "ResourceNotFoundException", "thing type x"},
		{"DELETE", "/thing-types/k", ``, 400, "InvalidRequestException", "deprecate it first"},
		{"POST", "/thing-types/x/deprecate", ``, 404, "ResourceNotFoundException", "thing type x"},
		{"GET", "/thing-types?maxResults=0", ``, 400, "InvalidRequestException", "maxResults"},
		{"GET", "/thing-types?nextToken=x", ``, 400, "InvalidRequestException", "nextToken"},
		{"PATCH", "/things/t", `{"thingTypeName":"k","removeThingType":true}`, 400, "InvalidRequestException", "exclude each other"},
		{"PATCH", "/things/t", `{"thingTypeName":"x","expectedVersion":9}`, 404, "ResourceNotFoundException", "thing type x"},
		{"PATCH", "/things/t", `{"thingTypeName":"k","expectedVersion":9}`, 409, "VersionConflictException", "expectedVersion 9"},

		{"POST", "/dynamic-thing-groups/x", `{}`, 400, "InvalidRequestException", "queryString"},
		{"POST", "/dynamic-thing-groups/x", `{"queryString":"colour:red"}`, 400, "InvalidQueryException", "character 1: "},
		{"POST", "/dynamic-thing-groups/x", `{"queryString":"*","queryVersion":"2018-01-01"}`, 400, "InvalidRequestException", "queryVersion"},
		{"POST", "/dynamic-thing-groups/x", `{"queryString":"*","indexName":"AWS_ThingGroups"}`, 404, "ResourceNotFoundException", "AWS_ThingGroups"},
		{"POST", "/dynamic-thing-groups/d", `{"queryString":"a"}`, 409, "ResourceAlreadyExistsException", `"resourceId"`},
		{"POST", "/dynamic-thing-groups/s", `{"queryString":"a"}`, 409, "ResourceAlreadyExistsException", `"resourceId"`},
		{"PATCH", "/dynamic-thing-groups/d", `{}`, 400, "InvalidRequestException", "thingGroupProperties"},
		{"PATCH", "/dynamic-thing-groups/d", `{"thingGroupProperties":{},"queryString":"(","expectedVersion":9}`, 400, "InvalidQueryException", "character 2"},
		{"PATCH", "/dynamic-thing-groups/x", `{"thingGroupProperties":{},"expectedVersion":9}`, 404, "ResourceNotFoundException", "thing group x"},
		{"PATCH", "/dynamic-thing-groups/s", `{"thingGroupProperties":{},"expectedVersion":9}`, 400, "InvalidRequestException", "static"},
		{"PATCH", "/dynamic-thing-groups/d", `{"thingGroupProperties":{},"expectedVersion":9}`, 409, "VersionConflictException", "expectedVersion 9"},
		{"PATCH", "/thing-groups/d", `{"thingGroupProperties":{}}`, 400, "InvalidRequestException", "UpdateDynamicThingGroup"},
		{"DELETE", "/dynamic-thing-groups/s", ``, 400, "InvalidRequestException", "DeleteThingGroup"},
		{"DELETE", "/dynamic-thing-groups/d?expectedVersion=9", ``, 409, "VersionConflictException", "expectedVersion 9"},
		{"PUT", "/thing-groups/addThingToThingGroup", `{"thingName":"t","thingGroupName":"d"}`, 400, "InvalidRequestException", "dynamic"},
		{"PUT", "/thing-groups/updateThingGroupsForThing", `{"thingName":"t","thingGroupsToAdd":["s"],"thingGroupsToRemove":["d"]}`, 400, "InvalidRequestException", "dynamic"},

		{"POST", "/indexing/config", `{"thingIndexingConfiguration":{}}`, 400, "InvalidRequestException", "thingIndexingConfiguration.thingIndexingMode"},
		{"POST", "/indexing/config", `{"thingIndexingConfiguration":{"thingIndexingMode":"ON"}}`, 400, "InvalidRequestException", "thingIndexingMode"},
		{"POST", "/indices/search", `{"queryString":"a:","maxResults":501}`, 400, "InvalidRequestException", "maxResults"},
		{"POST", "/indices/search", `{"queryString":"a:"}`, 400, "InvalidQueryException", "character 1"},
		{"POST", "/indices/search", `{"queryString":"(","indexName":"x"}`, 400, "InvalidQueryException", "queryString"}, // R-ERR-9
		{"POST", "/indices/search", `{"queryString":"*","indexName":"x"}`, 404, "ResourceNotFoundException", "index x"},
		{"POST", "/indices/search", `{"queryString":"*","nextToken":"x"}`, 400, "InvalidRequestException", "nextToken"},

		{"POST", "/tags", tag("x", ""), 400, "InvalidRequestException", "resourceArn"},
		{"POST", "/tags", tag(s.ARN("cert", "x"), `{"Key":"a"}`), 400, "InvalidRequestException", "resourceArn"},
		{"POST", "/tags", tag(group, `{"Key":""}`), 400, "InvalidRequestException", "tags[0].Key"},
		{"POST", "/tags", tag(group, `{"Key":"a"},{"Key":"a"}`), 400, "InvalidRequestException", "tags[1].Key"},
		{"POST", "/tags", tag(s.ARN("thinggroup", "x"), strings.Join(fifty, ",")+`,{"Key":"a"}`), 404, "ResourceNotFoundException", "thing group x"},
		{"POST", "/tags", tag(group, strings.Join(fifty, ",")+`,{"Key":"a"}`), 410, "LimitExceededException", "51 tags"},
		{"POST", "/untag", `{"resourceArn":"` + s.ARN("policy", "x") + `","tagKeys":["a"]}`, 404, "ResourceNotFoundException", "policy x"},
		{"POST", "/untag", `{"resourceArn":"` + group + `"}`, 400, "InvalidRequestException", "tagKeys"},
		{"GET", "/tags?resourceArn=x", ``, 400, "InvalidRequestException", "resourceArn"},
		{"GET", "/tags?resourceArn=" + group + "&nextToken=x", ``, 400, "InvalidRequestException", "nextToken"},
		{"POST", "/thing-groups/x", `{"tags":[{"Key":"AWS:a"}]}`, 400, "InvalidRequestException", "tags[0].Key"},
		{"POST", "/thing-groups/x", `{"tags":[` + strings.Join(fifty, ",") + `,{"Key":"a"}]}`, 400, "InvalidRequestException", "tags"},
	} {
		status, exception, body := s.send(call{method: row.method, path: row.path, body: row.body})
		if status != row.status || exception != row.exception || !strings.Contains(body, row.says) {
			t.Errorf("%s %s %s:\n%d %s %s\nwant %d %s %s", row.method, row.path, row.body, status, exception, body, row.status, row.exception, row.says)
		}
	}
	ctx, client := within(t, time.Minute), s.Control()
	groups := must[*iot.ListThingGroupsOutput](t)(client.ListThingGroups(ctx, &iot.ListThingGroupsInput{})).ThingGroups
	kinds := must[*iot.ListThingTypesOutput](t)(client.ListThingTypes(ctx, &iot.ListThingTypesInput{})).ThingTypes
	tags := must[*iot.ListTagsForResourceOutput](t)(client.ListTagsForResource(ctx, &iot.ListTagsForResourceInput{ResourceArn: &group})).Tags
	thing := must[*iot.DescribeThingOutput](t)(client.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: aws.String("t")}))
	if len(groups) != 2 || len(kinds) != 1 || len(tags) != 0 || thing.Version != 1 {
		t.Errorf("something changed: %d groups, %d types, %d tags, thing at version %d", len(groups), len(kinds), len(tags), thing.Version)
	}
}

// The indexing configuration is stored and shown, and pages of a search go on where the last ended;
// all of it outlives a kill (R-ID-39, R-ID-41).
func TestSearchAndRestart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, client := within(t, time.Minute), s.Control()
	config := must[*iot.GetIndexingConfigurationOutput](t)(client.GetIndexingConfiguration(ctx, &iot.GetIndexingConfigurationInput{}))
	if c := config.ThingIndexingConfiguration; c.ThingIndexingMode != types.ThingIndexingModeRegistry || c.ThingConnectivityIndexingMode != types.ThingConnectivityIndexingModeStatus {
		t.Errorf("at first: %+v", c)
	}
	must[*iot.UpdateIndexingConfigurationOutput](t)(client.UpdateIndexingConfiguration(ctx, &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{ThingIndexingMode: types.ThingIndexingModeOff,
			CustomFields: []types.Field{{Name: aws.String("attributes.fw"), Type: types.FieldTypeNumber}}},
	}))
	for i := range 12 {
		must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{
			ThingName: aws.String(fmt.Sprintf("t%02d", i)), AttributePayload: &types.AttributePayload{Attributes: map[string]string{"n": fmt.Sprint(i % 2)}},
		}))
	}
	must[*iot.CreateDynamicThingGroupOutput](t)(client.CreateDynamicThingGroup(ctx, &iot.CreateDynamicThingGroupInput{
		ThingGroupName: aws.String("even"), QueryString: aws.String("attributes.n:0"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	}))
	s.Kill()
	s.Start()
	client = s.Control()
	var names []string
	var token *string
	for range 10 {
		page := must[*iot.SearchIndexOutput](t)(client.SearchIndex(ctx, &iot.SearchIndexInput{QueryString: aws.String("attributes.n:0"), MaxResults: aws.Int32(4), NextToken: token}))
		for _, thing := range page.Things {
			names = append(names, *thing.ThingName)
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if got := strings.Join(names, " "); got != "t00 t02 t04 t06 t08 t10" {
		t.Errorf("found %s", got)
	}
	members := must[*iot.ListThingsInThingGroupOutput](t)(client.ListThingsInThingGroup(ctx, &iot.ListThingsInThingGroupInput{ThingGroupName: aws.String("even")})).Things
	if got := strings.Join(members, " "); got != "t00 t02 t04 t06 t08 t10" {
		t.Errorf("members %s", got)
	}
	config = must[*iot.GetIndexingConfigurationOutput](t)(client.GetIndexingConfiguration(ctx, &iot.GetIndexingConfigurationInput{}))
	if c := config.ThingIndexingConfiguration; c.ThingIndexingMode != types.ThingIndexingModeOff || len(c.CustomFields) != 1 || *c.CustomFields[0].Name != "attributes.fw" {
		t.Errorf("after a kill: %+v", c)
	}
	arn := s.ARN("thinggroup", "even")
	tags := must[*iot.ListTagsForResourceOutput](t)(client.ListTagsForResource(ctx, &iot.ListTagsForResourceInput{ResourceArn: &arn})).Tags
	if len(tags) != 1 || *tags[0].Key != "k" {
		t.Errorf("tags %+v", tags)
	}
}

// Things enter and leave dynamic groups as their clients connect and go (R-ID-38, R-ID-40,
// R-ID-41).
func TestConnectedThings(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, client := within(t, time.Minute), s.Control()
	must[*iot.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: aws.String("jobs"), PolicyDocument: aws.String(s.JobsPolicy())}))
	must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("pump-07")}))
	for name, query := range map[string]string{"online": "connectivity.connected:true", "offline": "connectivity.connected:false"} {
		must[*iot.CreateDynamicThingGroupOutput](t)(client.CreateDynamicThingGroup(ctx, &iot.CreateDynamicThingGroupInput{ThingGroupName: &name, QueryString: &query}))
	}
	members := func(group string) string {
		out := must[*iot.ListThingsInThingGroupOutput](t)(client.ListThingsInThingGroup(ctx, &iot.ListThingsInThingGroupInput{ThingGroupName: &group}))
		return strings.Join(out.Things, " ")
	}
	until := func(online, offline string) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); members("online") != online || members("offline") != offline; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("online %q, offline %q", members("online"), members("offline"))
			}
		}
	}
	until("", "")
	identity := s.Identify("pump-07", "jobs")
	must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&identity), newInbox(t)))
	until("pump-07", "")

	// A restart, in order or by a power cut, is not the device's: what waits for it there stays
	// (R-ID-61).
	s.create("fw", "online", nil)
	for _, end := range []func(){func() { must[any](t)(nil, s.Stop()) }, s.Kill} {
		end()
		s.Start()
		client = s.Control()
		until("pump-07", "")
		s.want("fw", "IN_PROGRESS q1 p0 s0 f0 t0 c0")
	}
	device := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&identity), newInbox(t)))
	until("pump-07", "")
	device.client.Disconnect(100)
	until("", "pump-07")
	s.want("fw", "COMPLETED q0 p0 s0 f0 t0 c0") // its one execution is REMOVED (R-EXE-20)
	found := must[*iot.SearchIndexOutput](t)(client.SearchIndex(ctx, &iot.SearchIndexInput{QueryString: aws.String("thingName:pump*")})).Things
	if len(found) != 1 || found[0].Connectivity == nil || *found[0].Connectivity.DisconnectReason != "CLIENT_INITIATED_DISCONNECT" ||
		time.Since(time.UnixMilli(*found[0].Connectivity.Timestamp)) > time.Minute {
		t.Errorf("found %+v", found)
	}
}
