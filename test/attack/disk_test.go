package attack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/smithy-go"

	"github.com/drover-iot/drover/test/testserver"
)

// A disk that is full refuses what must be written, at once and as a failure of the server; reads
// go on; when there is room again, so do writes; and what was acknowledged is there after a kill.
// It needs root, for a disk of its own, so it is part of make attack only.
func TestFullDisk(t *testing.T) {
	if scale(0, 1) == 0 {
		t.Skip("needs root, for a file system of 8 MB: runs with make attack")
	}
	t.Parallel()
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	s := testserver.New(t)
	s.Dir = filepath.Join(disk, "data")
	s.Start()
	client := s.Control()
	create := func(i int) error {
		name := fmt.Sprintf("thing-%05d", i)
		_, err := client.CreateThing(t.Context(), &iot.CreateThingInput{ThingName: &name})
		return err
	}
	made := 0
	for ; made < 200; made++ {
		if err := create(made); err != nil {
			t.Fatal(err)
		}
	}
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	var refused error
	for ; refused == nil && made < 20_000; made++ { // what room the log still has
		refused = create(made)
	}
	made-- // the last was refused
	var api smithy.APIError
	if !errors.As(refused, &api) || api.ErrorFault() == smithy.FaultClient {
		t.Fatalf("after %d things: %v", made, refused)
	}
	for range 20 {
		if err := create(made); err == nil {
			t.Fatal("a thing was made on a full disk")
		}
		if _, err := client.ListThings(t.Context(), &iot.ListThingsInput{}); err != nil {
			t.Fatalf("a read on a full disk: %v", err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "a thing can be made again", func() bool { return create(made) == nil })
	s.Kill()
	s.Start()
	client = s.Control()
	for i := range made + 1 {
		name := fmt.Sprintf("thing-%05d", i)
		if _, err := client.DescribeThing(t.Context(), &iot.DescribeThingInput{ThingName: &name}); err != nil {
			t.Fatalf("%s was acknowledged: %v", name, err)
		}
	}
}

// fill writes a file until its disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file := must[*os.File](t)(os.Create(path))
	defer file.Close()
	for block := make([]byte, 64<<10); ; {
		if _, err := file.Write(block); err != nil {
			return
		}
	}
}
