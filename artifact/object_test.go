package artifact

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// upload makes an object of parts and returns its error.
func upload(t *testing.T, s *Store, key string, parts []string, names ...int) (Info, error) {
	t.Helper()
	id, err := s.CreateUpload(t.Context(), key, map[string]string{"X-Amz-Meta-A": "b"})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[int]string{}
	for i, part := range parts {
		tags[i+1], err = s.PutPart(t.Context(), key, id, i+1, strings.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
	}
	var chosen []PartName
	for _, n := range names {
		chosen = append(chosen, PartName{n, tags[n]})
	}
	return s.Complete(t.Context(), key, id, chosen)
}

// An upload that is completed is one object over its parts, which are not copied; what is not named
// is removed.
func TestComplete(t *testing.T) { // R-ART-11, R-ART-15
	t.Parallel()
	for _, tt := range []struct {
		parts []string
		names []int
		want  string
		files int
		fails error
	}{
		{[]string{"one"}, []int{1}, "one", 1, nil},
		{[]string{"one", "two", "three"}, []int{1, 2, 3}, "onetwothree", 3, nil},
		{[]string{"one", "two", "three"}, []int{1, 3}, "onethree", 2, nil},
		{[]string{"", "two", "", "four"}, []int{1, 2, 3, 4}, "twofour", 2, nil},
		{[]string{"", ""}, []int{1, 2}, "", 1, nil},
		{[]string{"one", "two"}, []int{2, 1}, "", 2, ErrPartOrder},
		{[]string{"one", "two"}, []int{1, 1}, "", 2, ErrPartOrder},
		{[]string{"one"}, []int{1, 2}, "", 1, ErrPart},
		{[]string{"one"}, nil, "", 1, ErrPart},
	} {
		dir := t.TempDir()
		s := openStore(t, dir)
		info, err := upload(t, s, "k", tt.parts, tt.names...)
		if !errors.Is(err, tt.fails) || files(t, dir) != tt.files {
			t.Errorf("%v of %q: %v, want %v; %d files, want %d",
				tt.names, tt.parts, err, tt.fails, files(t, dir), tt.files)
		}
		if tt.fails != nil {
			continue
		}
		if info.Headers["X-Amz-Meta-A"] != "b" || info.Size != int64(len(tt.want)) {
			t.Errorf("%v of %q: %+v", tt.names, tt.parts, info)
		}
		o, err := s.Open(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(o, []byte(tt.want)); err != nil {
			t.Errorf("%v of %q: %v", tt.names, tt.parts, err)
		}
		o.Close()
		put(t, s, "k", "next")
		if files(t, dir) != 1 {
			t.Errorf("%v of %q: %d files after it was replaced", tt.names, tt.parts, files(t, dir))
		}
	}
}

// The ETag of an upload is made of those of its parts, and says how many they are.
func TestCompositeETag(t *testing.T) { // R-ART-14
	t.Parallel()
	s := openStore(t, t.TempDir())
	info, err := upload(t, s, "k", []string{"one", "two"}, 1, 2)
	one, two := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))
	want := fmt.Sprintf("%x-2", sha256.Sum256(append(one[:], two[:]...)))
	if err != nil || info.ETag != want {
		t.Errorf("%s, %v, want %s", info.ETag, err, want)
	}
}

// A part is replaced by one of the same number, named by its ETag, and ends with its upload.
func TestParts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	id, err := s.CreateUpload(t.Context(), "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	part := func(key, id string, n int, body string) error {
		_, err := s.PutPart(t.Context(), key, id, n, strings.NewReader(body))
		return err
	}
	for _, err := range []error{part("k", id, 2, "old"), part("k", id, 2, "two"), part("k", id, 1, "one")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{part("other", id, 1, "x"), part("k", "none", 1, "x")} {
		if !errors.Is(err, ErrNoUpload) {
			t.Errorf("a part of no upload: %v", err)
		}
	}
	parts, err := s.Parts(t.Context(), "k", id, 0, 10)
	if err != nil || len(parts) != 2 || parts[0].ETag != sha("one") || parts[1].ETag != sha("two") || files(t, dir) != 2 {
		t.Errorf("parts %v, %v; %d files", parts, err, files(t, dir))
	}
	if _, err := s.Complete(t.Context(), "k", id, []PartName{{1, sha("two")}}); !errors.Is(err, ErrPart) {
		t.Errorf("with the ETag of another part: %v", err)
	}
	first := s.Abort(t.Context(), "k", id)
	if again := s.Abort(t.Context(), "k", id); first != nil || !errors.Is(again, ErrNoUpload) || files(t, dir) != 0 {
		t.Errorf("aborted: %v, again: %v; %d files", first, again, files(t, dir))
	}
}

// Who reads an object reads it to the end, whatever becomes of it; its files go with the last
// reader.
func TestReplacedUnderReaders(t *testing.T) { // R-ART-15
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	if _, err := upload(t, s, "k", []string{"one", "two"}, 1, 2); err != nil {
		t.Fatal(err)
	}
	var readers []*Object
	for range 2 {
		o, err := s.Open(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, o)
	}
	if _, err := io.ReadFull(readers[0], make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	put(t, s, "k", "new")
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, o := range readers {
		body, err := io.ReadAll(o)
		if err != nil {
			t.Errorf("reader %d: %v", i, err)
		}
		got = append(got, string(body))
		if files(t, dir) != 2 {
			t.Errorf("%d files while it is read, want 2", files(t, dir))
		}
		o.Close()
	}
	if diff := cmp.Diff([]string{"etwo", "onetwo"}, got); diff != "" || files(t, dir) != 0 {
		t.Errorf("%d files are left, want none; read (-want +got):\n%s", files(t, dir), diff)
	}
}

// Lists are in the order of bytes, page by page, with what is below a delimiter as one prefix.
func TestList(t *testing.T) { // R-ART-11
	t.Parallel()
	s := openStore(t, t.TempDir())
	for _, key := range []string{"a", "a/b", "a/b/c", "a0", "b/x", "b/y", "\xff", "\xff\xff/1", "Z"} {
		put(t, s, key, "")
	}
	for _, tt := range []struct {
		q    Query
		want []string // a page each
	}{
		{Query{Limit: 100}, []string{"Z a a/b a/b/c a0 b/x b/y \xff \xff\xff/1 :"}},
		{Query{Limit: 4}, []string{"Z a a/b a/b/c :", "a0 b/x b/y \xff :", "\xff\xff/1 :"}},
		{Query{Delimiter: "/", Limit: 100}, []string{"Z a a0 \xff : a/ b/ \xff\xff/"}},
		{Query{Delimiter: "/", Limit: 2}, []string{"Z a :", "a0 : a/", "\xff : b/", ": \xff\xff/"}},
		{Query{Prefix: "a", Delimiter: "/", Limit: 100}, []string{"a a0 : a/"}},
		{Query{Prefix: "a/", Delimiter: "/", Limit: 100}, []string{"a/b : a/b/"}},
		{Query{Prefix: "a/", Limit: 100}, []string{"a/b a/b/c :"}},
		{Query{Prefix: "none", Limit: 100}, []string{":"}},
		{Query{From: After("a/b"), Limit: 100}, []string{"a/b/c a0 b/x b/y \xff \xff\xff/1 :"}},
		{Query{Limit: 0}, []string{":"}},
	} {
		var got []string
		for q, next := tt.q, true; next; {
			page, err := s.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var line []string
			for _, o := range page.Objects {
				line = append(line, o.Key)
			}
			got = append(got, strings.Join(append(append(line, ":"), page.Prefixes...), " "))
			q.From, next = page.Next, page.Next != "" && q.Limit > 0
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.q, diff)
		}
	}
}
