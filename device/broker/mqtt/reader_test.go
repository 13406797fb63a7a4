package mqtt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// TestReaderPieces reads the same stream in pieces of every kind.
func TestReaderPieces(t *testing.T) {
	t.Parallel()
	var stream []byte
	sizes := []int{0, 1, 400, 500, 505, 506, 507, 508, 512, 4080, 4096, 5000, 3, 100, 20000, 2}
	for _, n := range sizes {
		p := mqtt.Publish{Topic: "t", Payload: bytes.Repeat([]byte{'x'}, n)}
		stream = mqtt.AppendPublish(stream, mqtt.V311, &p)
	}
	for name, source := range map[string]io.Reader{
		"whole":    bytes.NewReader(stream),
		"bytes":    iotest.OneByteReader(bytes.NewReader(stream)),
		"halves":   iotest.HalfReader(bytes.NewReader(stream)),
		"with EOF": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		var r mqtt.Reader
		r.Reset(source, 1<<20)
		for _, n := range sizes {
			packet, err := r.Next()
			if err != nil {
				t.Fatalf("%s: size %d: %v", name, n, err)
			}
			p, err := mqtt.DecodePublish(packet, mqtt.V311)
			if err != nil || string(p.Payload) != strings.Repeat("x", n) {
				t.Fatalf("%s: size %d: %v, payload %d", name, n, err, len(p.Payload))
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: got %v, want EOF", name, err)
		}
		r.Release()
	}
}

// A stuttering source returns its pieces one by one, and a timeout for each that is nil.
type stuttering [][]byte

func (s *stuttering) Read(b []byte) (int, error) {
	if len(*s) == 0 {
		return 0, io.EOF
	}
	piece := (*s)[0]
	*s = (*s)[1:]
	if piece == nil {
		return 0, os.ErrDeadlineExceeded
	}
	return copy(b, piece), nil
}

// TestReaderTimeout goes on after timeouts in the middle of a packet.
func TestReaderTimeout(t *testing.T) {
	t.Parallel()
	stream := mqtt.AppendPublish(nil, mqtt.V311, &mqtt.Publish{Topic: "t", Payload: []byte("x")})
	var r mqtt.Reader
	r.Reset(&stuttering{stream[:1], nil, stream[1:4], nil, stream[4:]}, 100)
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("got %v, want a timeout", err)
		}
		if r.Buffered() {
			t.Error("a part of a packet counts as buffered")
		}
	}
	packet, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if p, err := mqtt.DecodePublish(packet, mqtt.V311); err != nil || p.Topic != "t" || string(p.Payload) != "x" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestReaderBuffered(t *testing.T) {
	t.Parallel()
	stream := mqtt.AppendPingresp(mqtt.AppendPingresp(nil))
	var r mqtt.Reader
	r.Reset(bytes.NewReader(stream), 100)
	for i, want := range []bool{false, true, false} {
		if got := r.Buffered(); got != want {
			t.Errorf("after %d packets: Buffered is %v", i, got)
		}
		_, _ = r.Next() // the last one is io.EOF
	}
}

func TestReaderMaximum(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]bool{100: true, 101: false} {
		var r mqtt.Reader
		r.Reset(bytes.NewReader(append([]byte{0x30, byte(size)}, make([]byte, size)...)), 100)
		if _, err := r.Next(); (err == nil) != want {
			t.Errorf("body of %d bytes with a maximum of 100: %v", size, err)
		}
	}
}

// A client that announces a large packet and sends little of it has a small buffer, and a large
// packet arrives whole in any pieces.
func TestReaderAnnounced(t *testing.T) {
	const size = 100_000
	body := bytes.Repeat([]byte("0123456789"), size/10)
	whole := append(binary.AppendUvarint([]byte{0x30}, size), body...)
	for _, sent := range []int{4, 5000, 20_000} {
		var before, after runtime.MemStats
		var r mqtt.Reader
		r.Reset(bytes.NewReader(whole[:sent]), size)
		runtime.ReadMemStats(&before)
		_, err := r.Next()
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%d bytes of a packet: no error", sent)
		}
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(6*sent+10_000); got > most {
			t.Errorf("%d bytes of a packet: %d allocated, want at most %d", sent, got, most)
		}
	}
	for _, piece := range []int{1, 7, 4096, size} {
		var r mqtt.Reader
		r.Reset(io.MultiReader(pieces(whole, piece)...), size)
		packet, err := r.Next()
		if err != nil || !bytes.Equal(packet.Body, body) {
			t.Errorf("in pieces of %d bytes: %d bytes, %v", piece, len(packet.Body), err)
		}
	}
}

// pieces cuts bytes into readers of so many each.
func pieces(b []byte, size int) (all []io.Reader) {
	for piece := range slices.Chunk(b, size) {
		all = append(all, bytes.NewReader(piece))
	}
	return all
}

// FuzzReader cuts a stream in two at any place: the packets must be the same as in one piece.
func FuzzReader(f *testing.F) {
	f.Add([]byte{0xC0, 0, 0x30, 4, 0, 1, 'a', 'x', 0xE0, 0}, uint(3))
	f.Add(bytes.Repeat([]byte{0x30, 0xFD, 3}, 300), uint(512))
	f.Fuzz(func(t *testing.T, b []byte, cut uint) {
		cut %= uint(len(b) + 1)
		pieces := io.MultiReader(bytes.NewReader(b[:cut]), bytes.NewReader(b[cut:]))
		var whole, cutUp mqtt.Reader
		whole.Reset(bytes.NewReader(b), 1<<16)
		cutUp.Reset(pieces, 1<<16)
		for {
			want, wantErr := whole.Next()
			got, gotErr := cutUp.Next()
			if (wantErr == nil) != (gotErr == nil) {
				t.Fatalf("cut at %d: %v, whole %v", cut, gotErr, wantErr)
			}
			if wantErr != nil {
				return
			}
			if got.Type != want.Type || got.Flags != want.Flags || !bytes.Equal(got.Body, want.Body) {
				t.Fatalf("cut at %d: %+v, whole %+v", cut, got, want)
			}
		}
	})
}
