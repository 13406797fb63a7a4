package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/test/testpostgres"
)

func TestMain(m *testing.M) { testpostgres.Main(m) }

// newNode is a server on a database with a data folder of its own, as far as its secrets need it.
func newNode(t *testing.T, url string) *Server {
	t.Helper()
	database, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	return &Server{
		Config: Config{Data: t.TempDir(), Store: url, Scope: registry.DefaultScope},
		store:  database,
	}
}

// shown is all of the secrets that a client would notice.
type shown struct {
	Keys           []gateway.Key
	CA, Devices    string
	Tokens         string
	URLKey         gateway.Key
	AuthorityWorks bool
}

func show(t *testing.T, s secrets) (all shown) {
	t.Helper()
	keys, keysErr := s.keys.All()
	urlKey, urlErr := s.urlKey()
	devices, devicesErr := s.devices()
	if err := errors.Join(keysErr, urlErr, devicesErr); err != nil {
		t.Error(err)
		return all
	}
	_, _, err := s.ca.IssueServer([]string{"localhost"})
	return shown{keys, string(s.ca.PEM), string(devices.PEM), string(s.tokens), urlKey, err == nil}
}

// wantFiles compares the names of the files in a folder.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// Nodes that start at once on an empty database with the same secret all have the same keys and
// authorities, also those that are made later (R-NODE-1).
func TestNodesStartAtOnce(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	_, text := seal.NewKey()
	const nodes = 5
	all := make([]shown, nodes)
	fresh := make([]bool, nodes)
	var running sync.WaitGroup
	for i := range nodes {
		s := newNode(t, url)
		s.Secret = text
		running.Go(func() {
			opened, err := s.openShared(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			all[i], fresh[i] = show(t, opened), s.Fresh
		})
	}
	running.Wait()
	for i := range nodes {
		if diff := cmp.Diff(all[0], all[i]); diff != "" {
			t.Errorf("node %d (-node 0):\n%s", i, diff)
		}
	}
	if len(all[0].Keys) != 1 || len(all[0].Tokens) != tokenKeySize || !all[0].AuthorityWorks ||
		all[0].URLKey.AccessKeyID == all[0].Keys[0].AccessKeyID {
		t.Errorf("the secrets are %+v", all[0])
	}
	if n := strings.Count(fmt.Sprint(fresh), "true"); n != 1 {
		t.Errorf("%d nodes say that they have made the keys", n)
	}
}

// Of nodes that start at once without a secret one makes it, and the others are refused until they
// are given it (R-NODE-1).
func TestNodesStartWithoutSecret(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	nodes := make([]*Server, 5)
	errs := make([]error, len(nodes))
	var running sync.WaitGroup
	for i := range nodes {
		nodes[i] = newNode(t, url)
		running.Go(func() { _, errs[i] = nodes[i].openShared(context.Background()) })
	}
	running.Wait()
	var first *Server
	for i, s := range nodes {
		switch {
		case errs[i] == nil && first == nil:
			first = s
			wantFiles(t, s.Data, "ca.pem", "secret.key")
			if s.MadeSecret != filepath.Join(s.Data, nodeKeyFile) || !s.Fresh {
				t.Errorf("the secret is in %q, fresh %v", s.MadeSecret, s.Fresh)
			}
		case !errors.Is(errs[i], errNoKey) || s.Fresh || s.MadeSecret != "":
			t.Errorf("node %d: %v, fresh %v, %q", i, errs[i], s.Fresh, s.MadeSecret)
		default:
			wantFiles(t, s.Data)
		}
	}
	if first == nil {
		t.Fatal("no node has made the secret")
	}
	want, err := first.openShared(t.Context()) // it finds its own file
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range nodes {
		s.SecretFile = first.MadeSecret
		got, err := s.openShared(t.Context())
		if err != nil {
			t.Fatalf("node %d, with the secret: %v", i, err)
		}
		if diff := cmp.Diff(show(t, want), show(t, got)); diff != "" {
			t.Errorf("node %d (-first):\n%s", i, diff)
		}
	}
}

// A node that is not one of those on the database is refused in one sentence, which does not have
// the secret in it, and its folder stays as it was (R-NODE-1).
func TestRefusedNodes(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	first := newNode(t, url)
	_, right := seal.NewKey()
	_, wrong := seal.NewKey()
	first.Secret = right
	if _, err := first.openShared(t.Context()); err != nil {
		t.Fatal(err)
	}
	put := func(s *Server, name, text string, mode os.FileMode) string {
		path := filepath.Join(s.Data, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Error(err)
		}
		return path
	}
	const both = "with --secret-file FILE or in DROVER_SECRET"
	for name, row := range map[string]struct {
		change func(*Server)
		want   []string
	}{
		"no secret": {func(s *Server) { s.Secret = "" }, []string{"are encrypted: ", both}},
		"a wrong secret": {func(s *Server) { s.Secret = wrong },
			[]string{"DROVER_SECRET is not the secret", both}},
		"a wrong file": {func(s *Server) { s.SecretFile = put(s, "given", wrong, 0o600) },
			[]string{"--secret-file ", "given is not the secret", both}},
		"a wrong file in the folder": {func(s *Server) {
			s.Secret = ""
			put(s, nodeKeyFile, wrong, 0o600)
		}, []string{"secret.key is not the secret", both}},
		"no key": {func(s *Server) { s.Secret = wrong[1:] },
			[]string{"DROVER_SECRET: must be 32 bytes in base64 or hexadecimal"}},
		"no key in the file": {func(s *Server) { s.SecretFile = put(s, "given", wrong[1:], 0o600) },
			[]string{"--secret-file ", "given: must be 32 bytes in base64 or hexadecimal"}},
		"a file that others can read": {
			func(s *Server) { s.SecretFile = put(s, "given", right, 0o644) },
			[]string{"given is open to other users (mode 0644)"}},
		"a file that is not there": {func(s *Server) { s.SecretFile = filepath.Join(s.Data, "none") },
			[]string{"the secret of the database: open ", "no such file"}},
		"another account": {func(s *Server) { s.Scope.Account = "123456789012" },
			[]string{"account 000000000000 and region us-east-1, and not of account 123456789012",
				"start this node with --account 000000000000 --region us-east-1"}},
		"another region": {func(s *Server) { s.Scope.Region = "eu-west-1" },
			[]string{"region us-east-1, and not of account 000000000000 and region eu-west-1"}},
		"a folder of another Drover": {func(s *Server) {
			if _, err := folderSecrets(s.Data); err != nil {
				t.Error(err)
			}
		}, []string{"has keys or authorities of its own, such as ca.pem", "begin with an empty folder"}},
		"a folder with keys": {func(s *Server) { put(s, keysFile, "[]", 0o600) },
			[]string{"has keys or authorities of its own, such as keys.json"}},
		"a folder of another database": {func(s *Server) {
			other := newNode(t, testpostgres.Schema(t))
			if _, err := other.openShared(t.Context()); err != nil {
				t.Error(err)
			}
			s.Data = other.Data
		}, []string{"has keys or authorities of its own, such as ca.pem"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newNode(t, url)
			s.Secret = right
			row.change(s)
			before := folderText(t, s.Data)
			_, err := s.openShared(t.Context())
			if err == nil || strings.Contains(err.Error(), "\n") ||
				strings.Contains(err.Error(), right) || strings.Contains(err.Error(), wrong[1:]) {
				t.Fatalf("got %v", err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if diff := cmp.Diff(before, folderText(t, s.Data)); diff != "" {
				t.Errorf("the folder has changed:\n%s", diff)
			}
		})
	}
}

// folderText is the files of a folder with what is in them.
func folderText(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(text)
	}
	return files
}

// Nothing in the database shows a secret, and one that was changed there, or put in the place of
// another, is not used. That is no wrong key of the node (R-NODE-1).
func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	s := newNode(t, testpostgres.Schema(t))
	opened, err := s.openShared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plain := show(t, opened)
	for _, name := range secretNames() {
		value := setting(t, s.store, name)
		for _, secret := range []string{
			plain.Keys[0].SecretAccessKey, plain.Keys[0].AccessKeyID, plain.URLKey.SecretAccessKey,
			plain.Tokens, "PRIVATE KEY", "000000000000",
		} {
			if strings.Contains(value, secret) {
				t.Errorf("%q shows in the secret %s", secret, name)
			}
		}
	}
	put(t, s.store, keysSecret, setting(t, s.store, urlKeySecret))
	_, err = s.openShared(t.Context())
	if !errors.Is(err, seal.ErrOpen) || !strings.Contains(err.Error(), "the secret operator-keys of") {
		t.Errorf("with another secret in its place: %v", err)
	}
	if _, err := opened.keys.Create("ci", schema.Admin); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("a key was added to it: %v", err)
	}
}

// setting reads what a store has of a secret.
func setting(t *testing.T, s store.Store, name string) (value string) {
	t.Helper()
	err := s.Read(t.Context(), func(r store.Reader) error {
		text, err := r.Setting(store.SecretPrefix + name)
		value = string(text)
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return value
}

// put replaces it; "" removes it.
func put(t *testing.T, s store.Store, name, value string) {
	t.Helper()
	changed := store.Setting{Name: store.SecretPrefix + name}
	if value != "" {
		changed.Value = []byte(value)
	}
	err := s.Write(t.Context(), func(tx store.Tx) error {
		return tx.Apply(store.Changes{Settings: []store.Setting{changed}})
	})
	if err != nil {
		t.Error(err)
	}
}
