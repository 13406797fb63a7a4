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
}

// tokenFile is a file as it was read last.
type tokenFile struct {
	info   os.FileInfo
	tokens authorizer.Tokens
	err    error
}

// find returns what a file says of a client. That there is no file, or that it cannot be read, says
// nothing of the client.
func (t *TokenFiles) find(name string, q authorizer.Question) (authorizer.Grant, error) {
	tokens, _, err := t.read(name)
	if err != nil {
		return authorizer.Grant{}, fmt.Errorf("%w: %w", broker.ErrCannotSay, err)
	}
	return tokens.Find(q)
}

// read returns the tokens of a file, and whether it has changed since it was read last.
func (t *TokenFiles) read(name string) (tokens authorizer.Tokens, changed bool, err error) {
	if t == nil || t.Folder == "" {
		return nil, false, errors.New("this server has no folder for files of tokens (--authorizer-tokens)")
	}
	if !registry.ValidTokensName(name) {
		return nil, false, fmt.Errorf("%q is not the name of a file", name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.files[name]
	path := filepath.Join(t.Folder, name)
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, t.forget(name), fmt.Errorf("file %s: %w", name, withoutPath(err))
	case !info.Mode().IsRegular():
		return nil, t.forget(name), fmt.Errorf("%s is not a file", name)
	case known != nil && os.SameFile(known.info, info) && known.info.ModTime().Equal(info.ModTime()) &&
		known.info.Size() == info.Size():
		return known.tokens, false, known.err
	}
	fresh := &tokenFile{info: info}
	fresh.tokens, fresh.err = readTokens(path)
	if fresh.err != nil {
		fresh.err = fmt.Errorf("file %s: %w", name, fresh.err)
	}
	if t.files == nil {
		t.files = map[string]*tokenFile{}
	}
	t.files[name] = fresh
	return fresh.tokens, true, fresh.err
}

// forget drops a file that is not there any more, and reports whether it was.
func (t *TokenFiles) forget(name string) bool {
	_, was := t.files[name]
	delete(t.files, name)
	return was
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
	for {
		select {
		case <-ticker.C:
			a.watchFiles(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// watchFiles is one look at the files of clients that are connected.
func (a *Authorizers) watchFiles(ctx context.Context) {
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
		if _, changed, _ := a.Tokens.read(by.TokensFile()); !changed {
			continue
		}
		for _, p := range a.clientsOf(name) {
			p.refresh()
		}
	}
}
