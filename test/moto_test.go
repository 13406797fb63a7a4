package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/test/testserver"
)

// moto is an emulator of AWS that shares no code with Drover or with the SDK.

// An emulator is a running moto, which is empty.
type emulator struct {
	*iot.Client
	url string
}

const motoRegion = "eu-west-1"

// startMoto starts one on a free port of loopback. It is ended when the test ends.
func startMoto(t *testing.T) emulator {
	t.Helper()
	program := must[string](t)(filepath.Abs("../.tools/moto/bin/moto_server"))
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the emulator moto is missing: run make setup: %v", err)
	}
	var printed testserver.Output
	command := exec.Command(program, "-H", "127.0.0.1", "-p", "0")
	command.Stdout, command.Stderr = &printed, &printed
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	})
	address := regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)
	var url string
	eventually(t, "moto listens", func() bool {
		found := address.FindStringSubmatch(printed.String())
		if found != nil {
			url = found[1]
		}
		return found != nil
	})
	return emulator{url: url, Client: iot.New(iot.Options{
		Region:           motoRegion,
		BaseEndpoint:     aws.String(url),
		RetryMaxAttempts: 1,
		Credentials:      credentials.NewStaticCredentialsProvider("moto", "moto", ""),
	})}
}
