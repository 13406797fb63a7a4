package migrate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/client"
)

// A world is a Drover in this process, with a virtual clock.
type world struct {
	*iot.Client
	t      *testing.T
	server *app.Server
	arn    string // how its ARNs begin
}

// newWorld starts one, of an account of its own.
func newWorld(t *testing.T, account string) *world {
	t.Helper()
	c := app.Default()
	c.Data, c.Scope.Account, c.Virtual = t.TempDir(), account, true
	c.HTTP, c.HTTPS, c.MQTT, c.MQTTS = "127.0.0.1:0", "", "", ""
	s, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, server: s, arn: "arn:aws:iot:" + s.Endpoints.Region + ":" + account + ":"}
	w.Client = w.through(http.DefaultClient)
	return w
}

// through is a client of the world that sends its requests through another.
func (w *world) through(h iot.HTTPClient) *iot.Client {
	return iot.New(iot.Options{
		Region:           w.server.Endpoints.Region,
		BaseEndpoint:     aws.String(w.server.Endpoints.HTTP),
		HTTPClient:       h,
		RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(
			w.server.Endpoints.AccessKeyID, w.server.Endpoints.SecretAccessKey, ""),
	})
}

// drover is Drover's own client of the world.
func (w *world) drover() *client.Client {
	e := w.server.Endpoints
	return client.New(e.HTTP, client.Credentials{
		AccessKeyID: e.AccessKeyID, SecretAccessKey: e.SecretAccessKey,
	}, client.Region(e.Region))
}

// report has a thing report on a job.
func (w *world) report(thing, job, status string) {
	w.t.Helper()
	_, err := client.Call(w.t.Context(), w.drover(), jobsdata.UpdateJobExecution,
		&jobsdata.UpdateJobExecutionRequest{
			ThingName: jobsdata.ThingName(thing),
			JobID:     jobsdata.JobID(job),
			Status:    jobsdata.ReportedStatus(status),
		})
	if err != nil {
		w.t.Fatalf("%s reports %s on %s: %v", thing, status, job, err)
	}
}

// advance moves the world's clock.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if _, err := client.Clock(w.drover()).Advance(w.t.Context(), d); err != nil {
		w.t.Fatal(err)
	}
}

// now is the time of the world's clock.
func (w *world) now() (time.Time, error) {
	reading, err := client.Clock(w.drover()).Read(w.t.Context())
	return reading.Now, err
}

// must returns what a call has answered.
func must[T any](t testing.TB) func(T, error) T {
	return func(answer T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// thing creates a thing in groups.
func (w *world) thing(name string, groups ...string) {
	w.t.Helper()
	must[*iot.CreateThingOutput](w.t)(w.CreateThing(w.t.Context(),
		&iot.CreateThingInput{ThingName: &name}))
	for _, g := range groups {
		must[*iot.AddThingToThingGroupOutput](w.t)(w.AddThingToThingGroup(w.t.Context(),
			&iot.AddThingToThingGroupInput{ThingName: &name, ThingGroupName: &g}))
	}
}

// staticGroup creates a static group.
func (w *world) staticGroup(name string) {
	w.t.Helper()
	must[*iot.CreateThingGroupOutput](w.t)(w.CreateThingGroup(w.t.Context(),
		&iot.CreateThingGroupInput{ThingGroupName: &name}))
}

// newJob creates a job on targets such as thinggroup/site-1.
func (w *world) newJob(id string, change func(*iot.CreateJobInput), targets ...string) {
	w.t.Helper()
	in := &iot.CreateJobInput{JobId: &id, Document: aws.String(`{"do":"it"}`)}
	for _, target := range targets {
		in.Targets = append(in.Targets, w.arn+target)
	}
	if change != nil {
		change(in)
	}
	must[*iot.CreateJobOutput](w.t)(w.CreateJob(w.t.Context(), in))
}

// executionsOf are the executions of a job in the form "thing STATUS", sorted.
func (w *world) executionsOf(id string) (all []string) {
	w.t.Helper()
	pages := iot.NewListJobExecutionsForJobPaginator(w.Client,
		&iot.ListJobExecutionsForJobInput{JobId: &id})
	for row, err := range items(w.t.Context(), pages,
		func(p *iot.ListJobExecutionsForJobOutput) []types.JobExecutionSummaryForJob {
			return p.ExecutionSummaries
		}) {
		if err != nil {
			w.t.Fatal(err)
		}
		name, _ := named(aws.ToString(row.ThingArn), "thing")
		all = append(all, name+" "+string(row.JobExecutionSummary.Status))
	}
	slices.Sort(all)
	return all
}

// resume takes the pause away from a job.
func (w *world) resume(id string) {
	w.t.Helper()
	must[*iot.UntagResourceOutput](w.t)(w.UntagResource(w.t.Context(), &iot.UntagResourceInput{
		ResourceArn: aws.String(w.arn + "job/" + id), TagKeys: []string{pausedTag},
	}))
}

// certificate registers a certificate of its own, and returns its id.
func (w *world) certificate(status types.CertificateStatus) string {
	w.t.Helper()
	key := must[*ecdsa.PrivateKey](w.t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "device"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	der := must[[]byte](w.t)(
		x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	made := must[*iot.RegisterCertificateWithoutCAOutput](w.t)(w.RegisterCertificateWithoutCA(
		w.t.Context(), &iot.RegisterCertificateWithoutCAInput{
			CertificatePem: aws.String(string(text)), Status: status,
		}))
	return aws.ToString(made.CertificateId)
}

// copied copies, and returns what was found, one line each, and the summary.
func copied(t *testing.T, source, target *iot.Client, o Options) (found []string, s Summary) {
	t.Helper()
	o.Found = func(f Finding) error {
		line := fmt.Sprintf("%s %s %s", f.Outcome, f.Kind, f.Name)
		if f.Why != "" {
			line += ": " + f.Why
		}
		found = append(found, line)
		return nil
	}
	s, err := Copy(t.Context(), source, target, o)
	if err != nil {
		t.Fatalf("%v, after\n%s", err, strings.Join(found, "\n"))
	}
	return found, s
}

// contents are all that a world has, as JSON without what each server gives by itself: ids, times,
// versions, the account.
func (w *world) contents() string { return w.text(w.gather()) }

// text is what a world has, as JSON.
func (w *world) text(now map[string]any) string {
	w.t.Helper()
	text, err := json.MarshalIndent(now, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), w.arn, "")
}
