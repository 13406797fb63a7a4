package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/device/presign"
)

// presignRow measures what one placeholder adds to the delivery of a document: reading its address
// and signing the URL.
func presignRow() error {
	signer := presign.New(presign.Config{
		Credentials:   aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "a secret"},
		DefaultRegion: "us-east-1",
		Now:           time.Now,
	})
	const document = `{"operation":"upgrade","to":"2.4",` +
		`"from":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/firmware/fw-2.4.bin}"}`
	all, err := timed(20_000, func(int) error {
		_, err := signer.Document(document, time.Hour)
		return err
	})
	row("a presigned URL in a job document, p50, p99", p50p99(all, 100*time.Nanosecond), "p50 50 µs")
	return err
}
