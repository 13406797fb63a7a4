package sqlite_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/store/sqlite/faultfs"
	"github.com/drover-iot/drover/store/storetest"
)

// failingDisk is a disk in a folder of the test; after a power cut in another one.
type failingDisk struct {
	*faultfs.Disk
	t   *testing.T
	dir string
}

func newFailingDisk(t *testing.T) *failingDisk {
	return &failingDisk{faultfs.New(), t, t.TempDir()}
}

func (d *failingDisk) Open() (store.Store, error) {
	s, err := sqlite.OpenOn(filepath.Join(d.dir, "drover.db"), d.Disk)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (d *failingDisk) Cut(random *rand.Rand) {
	d.t.Helper()
	to := d.t.TempDir()
	if err := d.Disk.Cut(random, to); err != nil {
		d.t.Fatal(err)
	}
	d.Disk, d.dir = faultfs.New(), to
}

// R-DSK-1
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	storetest.RunFailing(t, func(t *testing.T) storetest.Disk { return newFailingDisk(t) })
}

// A disk that is full refuses writes, and says that it is; reads go on, and writes as soon as there
// is room again. R-DSK-1
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := newFailingDisk(t)
	s, err := disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	put := func(client string, size int) error {
		saved := []store.SessionEntry{{Client: client, Value: make([]byte, size)}}
		return s.Write(t.Context(), func(tx store.Tx) error {
			return tx.Apply(store.Changes{Sessions: saved})
		})
	}
	clients := func() (found []string) {
		err := s.Read(t.Context(), func(r store.Reader) error {
			return r.Sessions(func(e store.SessionEntry) error {
				found = append(found, e.Client)
				return nil
			})
		})
		if err != nil {
			t.Errorf("read: %v", err)
		}
		return found
	}
	want := []string{}
	for i := range 5 {
		if err := put(fmt.Sprint("before-", i), 5000); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprint("before-", i))
	}
	disk.SetRoom(disk.Used() + 10_000)
	for i := range 10 {
		err := put(fmt.Sprint("full-", i), 50_000-4000*i)
		if !errors.Is(err, sqlite3.FULL) {
			t.Errorf("write %d on a full disk: %v", i, err)
		}
		if diff := cmp.Diff(want, clients()); diff != "" {
			t.Fatalf("while the disk is full (-want +got):\n%s", diff)
		}
	}
	disk.SetRoom(0)
	for i := range 5 {
		if err := put(fmt.Sprint("later-", i), 3000); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprint("later-", i))
	}
	disk.Cut(rand.New(rand.NewPCG(1, 1)))
	_ = s.Close()
	if s, err = disk.Open(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff(want, clients()); diff != "" {
		t.Errorf("after a power cut (-want +got):\n%s", diff)
	}
}
