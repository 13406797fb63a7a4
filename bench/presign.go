package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/job"
)

// What a placeholder for a presigned URL costs: alone, and in reports over MQTT.

// Two job documents, one with a placeholder.
const (
	plainDocument = `{"operation":"upgrade","to":"2.4",` +
		`"from":"https://downloads.example.com/firmware/fw-2.4.bin"}`
	presignedDocument = `{"operation":"upgrade","to":"2.4",` +
		`"from":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/firmware/fw-2.4.bin}"}`
)

// presignRow measures what one placeholder adds to the delivery of a document: reading its address
// and signing the URL.
func presignRow() error {
	credential := presign.NewCredential(
		aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "a secret"})
	signer := presign.New(presign.Config{
		Credential:    func(string) (*presign.Credential, error) { return credential, nil },
		DefaultRegion: "us-east-1",
		Now:           time.Now,
	})
	all, err := timed(20_000, func(int) error {
		_, err := signer.Document(presignedDocument, job.Delivery{Lifetime: time.Hour})
		return err
	})
	row("a presigned URL in a job document, p50, p99", p50p99(all, 100*time.Nanosecond), "p50 50 µs")
	return err
}

// presignedRounds is how often two servers are measured in turns, so that what else the machine
// does meets both.
const presignedRounds = 5

// presignedRows measures reports of which every second one is answered with the job document, as a
// device gets it once and reports twice or more, on a server whose document has a placeholder and
// on one whose document has none.
func presignedRows(ctx context.Context, dir string, s sizes, binary string) error {
	documents := []string{plainDocument, presignedDocument}
	loads := make([]work, len(documents))
	for i, document := range documents {
		data := filepath.Join(dir, []string{"plain", "presigned"}[i])
		if err := prepareDevices(ctx, data, s.devices, document); err != nil {
			return err
		}
		server, _, err := startServer(binary, data)
		if err != nil {
			return err
		}
		defer server.kill()
		loads[i] = work{
			address: strings.TrimPrefix(server.endpoints.MQTT, "mqtt://"),
			devices: s.devices,
			fleet:   s.devices,
			spell:   s.spell / 2,
			kind:    "document",
		}
	}
	results := make([][]result, len(loads))
	for range presignedRounds {
		for i, load := range loads {
			r, err := load.run()
			if err != nil {
				return err
			}
			results[i] = append(results[i], r)
		}
	}
	plain, presigned := middle(results[0]), middle(results[1])
	row("reports over MQTT, every second one answered with the job document",
		perSecond(plain.Requests, plain.Took), "")
	row("  the same with a presigned URL in the document", perSecond(presigned.Requests, presigned.Took), "")
	row("  as a share of those without", percent(presigned.speed()/plain.speed()), "70 %")
	return nil
}

// middle is the result whose speed is the median.
func middle(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return cmp.Compare(a.speed(), b.speed()) })
	return all[len(all)/2]
}
