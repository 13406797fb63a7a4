package script

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// faults are what is wrong with hosts that a command line may meet: a wrong address, a page of a
// proxy, a service that is about to fall over. Each is what such a host does with a connection once
// it has read a request.
var faults = map[string]func(c net.Conn){
	"hang":  func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, // until the caller gives up
	"close": func(net.Conn) {},
	"reset": func(c net.Conn) {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // closing it sends RST
		}
	},
	"html": respond("200 OK", "text/html", "<html><body>Welcome to nginx!</body></html>"),
	"html-502": respond("502 Bad Gateway", "text/html",
		"<html>\n<head><title>502 Bad Gateway</title></head>\n</html>\n"),
	"empty":       respond("200 OK", "application/json", ""),
	"empty-500":   respond("500 Internal Server Error", "application/json", ""),
	"half-json":   respond("200 OK", "application/json", `{"jobs":[{"jobId":"a"`),
	"list":        respond("200 OK", "application/json", `[1,2]`),
	"wrong-types": respond("200 OK", "application/json", `{"jobs":{"jobId":7}}`),
	"not-utf8":    respond("200 OK", "application/json", "{\"jobs\":[{\"jobId\":\"\xff\xfe\"}]}"),
	"deep":        respond("200 OK", "application/json", strings.Repeat(`{"jobs":[`, 200_000)),
	"redirect":    respond("301 Moved Permanently", "text/plain", "elsewhere"),
	"ssh":         func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n") },
	"cut": func(c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"jobs\":[")
	},
	"100-mb": func(c net.Conn) {
		const size = 100 << 20
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		block := []byte(strings.Repeat("x", 1<<20))
		for range size / len(block) {
			if _, err := c.Write(block); err != nil {
				return // the caller has seen enough
			}
		}
	},
}

// respond is a host that answers every request alike.
func respond(status, kind, body string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			status, kind, len(body), body)
	}
}

// brokenHost starts a host with a fault and returns its URL.
func brokenHost(t *testing.T, fault func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				// The requests of these sessions have no body and arrive whole.
				if _, err := c.Read(make([]byte, 64<<10)); err == nil {
					fault(c)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}
