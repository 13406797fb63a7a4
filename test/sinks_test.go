package test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// receiver is a webhook that keeps what it is sent.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	events []cloudEvent
	answer func(n int) int // the status of the n-th request, from 1 on; nil: 204
	asked  int
}

type cloudEvent struct {
	ID, Source, Type, Subject, Topic string
	Data                             struct {
		EventID string `json:"eventId"`
		Status  string
	}
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r)
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var e cloudEvent
	if err := json.NewDecoder(request.Body).Decode(&e); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	status := http.StatusNoContent
	if r.answer != nil {
		status = r.answer(r.asked)
	}
	if status == http.StatusNoContent {
		r.events = append(r.events, e)
	}
	w.WriteHeader(status)
}

// types are the types of the events, in their order, each event once.
func (r *receiver) types() (types []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for _, e := range r.events {
		if !seen[e.ID] {
			types = append(types, e.Type)
		}
		seen[e.ID] = true
	}
	return types
}

// authority is the certificate of the receiver as a member of a request.
func (r *receiver) authority() string {
	return strconv.Quote(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw})))
}

// publishEvents switches events of jobs and executions on.
func (s *server) publishEvents() {
	s.t.Helper()
	_, err := s.Control().UpdateEventConfigurations(within(s.t, time.Minute), &iot.UpdateEventConfigurationsInput{
		EventConfigurations: map[string]types.Configuration{"JOB": {Enabled: true}, "JOB_EXECUTION": {Enabled: true}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// A webhook gets the events of jobs in their order, over refusals and a server that is killed between
// an event and the next: each one, some perhaps twice (R-SNK-3, R-SNK-4, R-SNK-8, R-SNK-14).
func TestWebhook(t *testing.T) {
	t.Parallel()
	s := serve(t)
	hook := newReceiver(t)
	hook.answer = func(n int) int {
		if n%3 == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	}
	made := s.ask("POST", "/_drover/sinks/hook", fmt.Sprintf(`{"kind":"WEBHOOK","url":%q,"ca":%s}`, hook.URL, hook.authority()))
	secret := fmt.Sprint(at(made, "secret"))
	if warnings, _ := at(made, "warnings").([]any); len(warnings) != 2 || !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("made: %v", made)
	}
	s.publishEvents()
	const things = 12
	s.fleet("g", things)
	s.create("j", "g", nil)
	var want []string
	for i := range things {
		if i%4 == 1 {
			s.Kill()
			s.Start()
		}
		if err := s.report(thingName(i), "j", "SUCCEEDED"); err != nil {
			t.Fatal(err)
		}
		want = append(want, "drover.jobExecution.succeeded")
	}
	want = append(want, "drover.job.completed")
	eventually(t, "all events", func() bool { return len(hook.types()) == len(want) })
	if diff := cmp.Diff(want, hook.types()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	last := hook.events[len(hook.events)-1]
	if last.ID == "" || last.ID != last.Data.EventID || last.Source != s.ARN("job", "j") || last.Topic != "$aws/events/job/j/completed" {
		t.Errorf("the last one: %+v", last)
	}
	described := s.ask("GET", "/_drover/sinks/hook", "")
	if at(described, "deadLetters") != 0.0 || strings.Contains(fmt.Sprint(described), secret) {
		t.Errorf("described: %v", described)
	}
	if printed := s.Output.String(); strings.Contains(printed, secret) || strings.Contains(printed, hook.URL) {
		t.Error("the log has the secret or the URL")
	}
}

// What a webhook refuses is a dead letter, which is shown, and sent again when it is asked for
// (R-SNK-7, R-SNK-10); a changed secret signs from then on (R-SNK-6).
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	s := serve(t)
	hook := newReceiver(t)
	var mu sync.Mutex
	refuses := true
	hook.answer = func(int) int {
		mu.Lock()
		defer mu.Unlock()
		if refuses {
			return http.StatusForbidden
		}
		return http.StatusNoContent
	}
	s.publishEvents()
	s.ask("POST", "/_drover/sinks/hook", fmt.Sprintf(`{"kind":"WEBHOOK","url":%q,"ca":%s}`, hook.URL, hook.authority()))
	s.fleet("g", 1)
	s.create("j", "g", nil)
	if err := s.report(thingName(0), "j", "SUCCEEDED"); err != nil {
		t.Fatal(err)
	}
	letters := func() (found []any) {
		found, _ = at(s.ask("GET", "/_drover/sinks/hook/dead-letters", ""), "deadLetters").([]any)
		return found
	}
	eventually(t, "two dead letters", func() bool { return len(letters()) == 2 })
	first := letters()[0].(map[string]any)
	if first["topic"] != "$aws/events/jobExecution/j/succeeded" || first["reason"] != "answered 403 Forbidden" ||
		first["attempts"] != 1.0 || !strings.Contains(fmt.Sprint(first["payload"]), `"SUCCEEDED"`) {
		t.Errorf("the first one: %v", first)
	}
	mu.Lock()
	refuses = false
	mu.Unlock()
	s.ask("POST", "/_drover/sinks/hook/secret", `{"keepPreviousForSeconds":0}`)
	if n := at(s.ask("POST", "/_drover/sinks/hook/dead-letters/retry", "{}"), "count"); n != 2.0 {
		t.Errorf("%v are sent again", n)
	}
	eventually(t, "no dead letter", func() bool { return len(letters()) == 0 })
	if diff := cmp.Diff([]string{"drover.jobExecution.succeeded", "drover.job.completed"}, hook.types()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
