package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/job"
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
	const document = `{"operation":"upgrade","to":"2.4",` +
		`"from":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/firmware/fw-2.4.bin}"}`
	all, err := timed(20_000, func(int) error {
		_, err := signer.Document(document, job.Delivery{Lifetime: time.Hour})
		return err
	})
	row("a presigned URL in a job document, p50, p99", p50p99(all, 100*time.Nanosecond), "p50 50 µs")
	return err
}
