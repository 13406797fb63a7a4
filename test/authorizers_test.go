package test

import (
	"bufio"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// Operations of authorizers with the stock aws command line, one of each kind. It takes long to start,
// so the others are left to the stories of package control.
func TestAuthorizersWalk(t *testing.T) { // R-ID-90, R-ID-91, R-ID-96
	t.Parallel()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	if _, err := os.Stat(stock); err != nil {
		t.Fatalf("the aws command line is missing: run make setup: %v", err)
	}
	folder := t.TempDir()
	tokens := fmt.Sprintf("%x pump07 jobs\n", sha256.Sum256([]byte("hunter2")))
	if err := os.WriteFile(filepath.Join(folder, "tokens"), []byte(tokens), 0o600); err != nil {
		t.Fatal(err)
	}
	s, home := serve(t, "--authorizer-tokens", folder), t.TempDir()
	c := commandLine{t: t, program: []string{stock}, env: s.environment(home), dir: home}
	arn := s.ARN("authorizer", "door")
	c.want(arn, "create-authorizer", "--authorizer-name", "door", "--authorizer-function-arn", "file:tokens", "--signing-disabled",
		"--status", "ACTIVE", "--tags", "Key=site,Value=7", "--query", "authorizerArn")
	c.want("door", "list-authorizers", "--query", "authorizers[].authorizerName")
	c.want(arn, "set-default-authorizer", "--authorizer-name", "door", "--query", "authorizerArn")
	c.want("True\tpump07", "test-invoke-authorizer", "--authorizer-name", "door",
		"--mqtt-context", "username=u,password=hunter2", "--query", "[isAuthenticated,principalId]")
}

// authorizer creates an authorizer that needs signed tokens, and returns what testdata/device.py
// needs to connect by it. Its hook lets in whoever has the right token, user name and password, with
// the policy of jobs.
func (s *server) authorizer(overWebSocket bool) (environment []string) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Token             string
			SignatureVerified bool
			Protocols         []string
			ProtocolData      struct {
				TLS  struct{ ServerName string }
				MQTT struct {
					Username, ClientID string
					Password           []byte
				}
			}
		}
		err := json.NewDecoder(r.Body).Decode(&q)
		m := q.ProtocolData.MQTT
		known := err == nil && q.SignatureVerified && q.Token == "a/token" && strings.HasPrefix(m.Username, "ok?") &&
			string(m.Password) == "pass word" && m.ClientID == "pump-07" && q.ProtocolData.TLS.ServerName == "localhost"
		if !known {
			t.Errorf("the question: %+v, %v", q, err)
		}
		answer := map[string]any{
			"isAuthenticated": known, "principalId": "pump07", "disconnectAfterInSeconds": 86400, "refreshAfterInSeconds": 86400,
			"policyDocuments": []string{s.JobsPolicy()},
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(hook.Close)
	key := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must[[]byte](t)(x509.MarshalPKIXPublicKey(key.Public()))})
	must[*iot.CreateAuthorizerOutput](t)(s.Control().CreateAuthorizer(ctx, &iot.CreateAuthorizerInput{
		AuthorizerName: aws.String("door"), AuthorizerFunctionArn: &hook.URL, Status: types.AuthorizerStatusActive,
		TokenKeyName: aws.String("token"), TokenSigningPublicKeys: map[string]string{"first": string(public)},
	}))
	digest := sha256.Sum256([]byte("a/token"))
	signature := must[[]byte](t)(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]))
	proxy := "0"
	if !overWebSocket {
		proxy = tunnel(t, strings.TrimPrefix(s.HTTPS, "https://"))
	}
	return []string{"AUTHORIZER_NAME=door", "AUTHORIZER_SIGNATURE=" + base64.StdEncoding.EncodeToString(signature), "PROXY_PORT=" + proxy}
}

// tunnel is an HTTP proxy that connects to one address, whatever it is asked for. It returns its port.
func tunnel(t testing.TB, to string) (port string) {
	t.Helper()
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				in := bufio.NewReader(client)
				request, err := http.ReadRequest(in)
				if err != nil || request.Method != http.MethodConnect {
					return
				}
				server, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer server.Close()
				if _, err := io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
					return
				}
				go func() {
					_, _ = io.Copy(server, in) // the end of either connection is that of both
					server.Close()
				}()
				_, _ = io.Copy(client, server)
			}()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
