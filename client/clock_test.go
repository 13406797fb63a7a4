package client_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/client"
)

// What is sent to read and move a clock.
func TestClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 15, 4, 5, 6e6, time.FixedZone("", 3600))
	for name, row := range map[string]struct {
		do   func(context.Context, client.VirtualClock) (client.Reading, error)
		sent string
	}{
		"read": {
			func(ctx context.Context, v client.VirtualClock) (client.Reading, error) {
				return v.Read(ctx)
			},
			"GET /_drover/clock",
		},
		"next": {
			func(ctx context.Context, v client.VirtualClock) (client.Reading, error) {
				return v.Next(ctx)
			},
			`POST /_drover/clock {"next":true}`,
		},
		"advance": {
			func(ctx context.Context, v client.VirtualClock) (client.Reading, error) {
				return v.Advance(ctx, 36*time.Hour)
			},
			`POST /_drover/clock {"advance":"36h0m0s"}`,
		},
		"set": {
			func(ctx context.Context, v client.VirtualClock) (client.Reading, error) {
				return v.Set(ctx, at)
			},
			`POST /_drover/clock {"set":"2030-01-02T15:04:05.006+01:00"}`,
		},
	} {
		r := record(t, answer{200, "", `{"now":"2031-01-01T00:00:00Z","mode":"virtual"}`})
		got, err := row.do(t.Context(), client.Clock(r.client()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := client.Reading{Now: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), Virtual: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{row.sent}, r.sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if r.headers[0].Get("Authorization") == "" {
			t.Errorf("%s is not signed", name)
		}
	}
}

// A move is never repeated, and a refusal reads as the server's message.
func TestClockRefused(t *testing.T) {
	t.Parallel()
	r := record(t, answer{503, "", `{"message":"stopping"}`})
	_, err := client.Clock(r.client()).Advance(t.Context(), time.Hour)
	if err == nil || err.Error() != "stopping" || len(r.sent) != 1 {
		t.Errorf("%v after %d requests", err, len(r.sent))
	}
	real := record(t, answer{200, "", `{"now":"2031-01-01T00:00:00Z","mode":"real"}`})
	if got, err := client.Clock(real.client()).Read(t.Context()); err != nil || got.Virtual {
		t.Errorf("%+v, %v", got, err)
	}
}
