package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/authorizer"
)

// Files of tokens, which an authorizer reads instead of asking anybody (R-ID-96). They are in one
// folder that the operator of the machine has named, and whoever may use the API can name those that
// are in it, and no others.

const (
	// maxTokens is how large a file may be, in bytes.
	maxTokens = 16 << 20
	// tokensWatched is how often the files of clients that are connected are looked at.
	tokensWatched = 2 * time.Second
)

// TokenFiles reads files of tokens, and again when they change.
type TokenFiles struct {
	Folder string // empty: there are none

	mu    sync.Mutex
	files map[string]*tokenFile
	reads uint64 // how often a file was read
}

// tokenFile is a file as it was read last.
type tokenFile struct {
	info   os.FileInfo
	number uint64 // no other read of a file has it
	tokens authorizer.Tokens
	err    error
}

// find returns what a file says of a client. That there is no file, or that it cannot be read, says
// nothing of the client.
func (t *TokenFiles) find(name string, q authorizer.Question) (authorizer.Grant, error) {
	file, err := t.read(name)
	if err != nil {
		return authorizer.Grant{}, fmt.Errorf("%w: %w", broker.ErrCannotSay, err)
	}
	return file.tokens.Find(q)
}

// read returns a file as it is now. It is read if it has changed.
func (t *TokenFiles) read(name string) (*tokenFile, error) {
	if t == nil || t.Folder == "" {
		return nil, errors.New("this server has no folder for files of tokens (--authorizer-tokens)")
	}
	if !registry.ValidTokensName(name) {
		return nil, fmt.Errorf("%q is not the name of a file", name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.files[name]
	path := filepath.Join(t.Folder, name)
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		delete(t.files, name)
		return nil, fmt.Errorf("file %s: %w", name, withoutPath(err))
	case !info.Mode().IsRegular():
		delete(t.files, name)
		return nil, fmt.Errorf("%s is not a file", name)
	case known != nil && os.SameFile(known.info, info) && known.info.ModTime().Equal(info.ModTime()) &&
		known.info.Size() == info.Size():
		return known, known.err
	}
	t.reads++
	fresh := &tokenFile{info: info, number: t.reads}
	fresh.tokens, fresh.err = readTokens(path)
	if fresh.err != nil {
		fresh.err = fmt.Errorf("file %s: %w", name, fresh.err)
	}
	if t.files == nil {
		t.files = map[string]*tokenFile{}
	}
	t.files[name] = fresh
	return fresh, fresh.err
}

// readTokens reads a file.
func readTokens(path string) (authorizer.Tokens, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxTokens+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case len(text) > maxTokens:
		return nil, fmt.Errorf("has more than %d bytes", maxTokens)
	}
	return authorizer.ParseTokens(string(text))
}

// withoutPath is what went wrong with a file, without where it is.
func withoutPath(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Watch looks up the clients of a file again when it has changed, until ctx ends.
func (a *Authorizers) Watch(ctx context.Context) {
	ticker := time.NewTicker(tokensWatched)
	defer ticker.Stop()
	seen := map[string]uint64{}
	for {
		select {
		case <-ticker.C:
			a.watchFiles(ctx, seen)
		case <-ctx.Done():
			return
		}
	}
}

// watchFiles is one look at the files of clients that are connected. seen has, by authorizer, which
// read of its file its clients were looked up in last. A file that cannot be read says nothing.
func (a *Authorizers) watchFiles(ctx context.Context, seen map[string]uint64) {
	a.mu.Lock()
	names := make([]string, 0, len(a.live))
	for name := range a.live {
		names = append(names, name)
	}
	a.mu.Unlock()
	for _, name := range names {
		by, err := a.Store.DescribeAuthorizer(ctx, name)
		if err != nil || by.TokensFile() == "" {
			continue
		}
		file, err := a.Tokens.read(by.TokensFile())
		if err != nil || file.number == seen[name] {
			continue
		}
		seen[name] = file.number
		for _, p := range a.clientsOf(name) {
			p.refresh()
		}
	}
}
