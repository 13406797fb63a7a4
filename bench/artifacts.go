package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/internal/sigv4"
)

// Downloads of artifacts, by presigned URLs over plain HTTP. The peer of a large one is the same
// file from http.ServeContent, in a process of its own; both are measured in turns.

const (
	downloaders    = 64
	artifactRounds = 5
	smallArtifact  = 10_000 // bytes
)

// largeArtifact is how many bytes the large one has.
func (s sizes) largeArtifact() int { return int(s.spell/time.Second+1) * (16 << 20) }

// artifactRows measures how fast clients get one large artifact together, and small ones.
func artifactRows(ctx context.Context, dir string, s sizes, binary string) error {
	server, _, err := startServer(binary, filepath.Join(dir, "artifacts"))
	if err != nil {
		return err
	}
	defer server.kill()
	content := make([]byte, s.largeArtifact())
	rand.Read(content) // never fails
	file := filepath.Join(dir, "large.bin")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	if err := server.put(ctx, "large.bin", content); err != nil {
		return err
	}
	if err := server.put(ctx, "small.bin", content[:smallArtifact]); err != nil {
		return err
	}
	peer, err := startPeer("files", file)
	if err != nil {
		return err
	}
	defer peer.kill()
	large, err := server.signed(ctx, http.MethodGet, "large.bin")
	if err != nil {
		return err
	}
	addresses := []string{large, "http://" + peer.endpoints.MQTT}
	speeds := make([][]float64, len(addresses))
	for range artifactRounds {
		for i, address := range addresses {
			took, err := downloads(ctx, address, downloaders, int64(len(content)))
			if err != nil {
				return err
			}
			speed := float64(downloaders*len(content)) / took.Seconds()
			speeds[i] = append(speeds[i], speed)
		}
	}
	for _, all := range speeds {
		slices.Sort(all)
	}
	ours, theirs := speeds[0][artifactRounds/2], speeds[1][artifactRounds/2]
	row(fmt.Sprintf("one artifact of %d MiB to %d clients", len(content)>>20, downloaders),
		fmt.Sprintf("%.0f MB/s", ours/1e6), "")
	row("  as a share of http.ServeContent", percent(ours/theirs), "90 %")
	return smallArtifacts(ctx, s, server)
}

// smallArtifacts measures how many small artifacts are downloaded in a second, each by a URL that
// is checked anew.
func smallArtifacts(ctx context.Context, s sizes, server *process) error {
	address, err := server.signed(ctx, http.MethodGet, "small.bin")
	if err != nil {
		return err
	}
	n := int(s.spell/time.Second) * 10_000
	took, err := downloads(ctx, address, n, smallArtifact)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("artifacts of %d KB to %d clients", smallArtifact/1000, downloaders),
		perSecond(int64(n), took), "")
	return nil
}

// downloads downloads an address n times, with the connections of all clients.
func downloads(ctx context.Context, address string, n int, size int64) (time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: downloaders}}
	defer client.CloseIdleConnections()
	var left atomic.Int64
	left.Store(int64(n))
	var group errgroup.Group
	started := time.Now()
	for range downloaders {
		group.Go(func() error {
			for left.Add(-1) >= 0 {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
				if err != nil {
					return err
				}
				if got, err := discard(client, request); err != nil || got != size {
					return fmt.Errorf("download: %d of %d bytes: %w", got, size, err)
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return time.Since(started), err
}

// discard makes a request and reads the answer.
func discard(client *http.Client, request *http.Request) (int64, error) {
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s", answer.Status)
	}
	return io.Copy(io.Discard, answer.Body)
}

// signed is the address of an artifact with a signature of the operator in it.
func (p *process) signed(ctx context.Context, method, key string) (string, error) {
	address := p.endpoints.HTTP + "/artifacts/" + key + "?X-Amz-Expires=3600"
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return "", err
	}
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, p.credentials(), request, "UNSIGNED-PAYLOAD",
		"s3", p.endpoints.Region, time.Now())
	return signed, err
}

func (p *process) credentials() aws.Credentials {
	return aws.Credentials{
		AccessKeyID:     p.endpoints.AccessKeyID,
		SecretAccessKey: p.endpoints.SecretAccessKey,
	}
}

// put stores an artifact.
func (p *process) put(ctx context.Context, key string, content []byte) error {
	address := p.endpoints.HTTP + "/artifacts/" + key
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, address, bytes.NewReader(content))
	if err != nil {
		return err
	}
	hash := sigv4.Hash(content)
	request.Header.Set("X-Amz-Content-Sha256", hash)
	err = v4.NewSigner().SignHTTP(ctx, p.credentials(), request, hash, "s3", p.endpoints.Region, time.Now())
	if err != nil {
		return err
	}
	_, err = discard(http.DefaultClient, request)
	return err
}

// files serves one file by http.ServeContent: the peer of large artifacts.
func files(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, err := os.Open(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer file.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, file)
	}))
}
