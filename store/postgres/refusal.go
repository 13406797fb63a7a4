package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A store that cannot be opened says why in one sentence (R-NODE-2). The errors of pgx have several
// lines, one for each address and way to connect, and one of a URL repeats the URL, in which a
// password may stand.

// connectTimeout is how long one attempt to connect may take, unless the URL has a connect_timeout.
const connectTimeout = 5 * time.Second

// errURL is what ParseConfig refuses. What it says itself may have the password in it.
var errURL = errors.New("the URL of the store is not one that PostgreSQL has: " +
	"look at its host, port and parameters such as sslmode")

// refusal makes one sentence of the error of a store that could not be opened.
func refusal(config *pgx.ConnConfig, err error) error {
	at := address(config)
	var (
		answered *pgconn.PgError
		unknown  *net.DNSError
		network  *net.OpError
		failed   *pgconn.ConnectError
	)
	switch {
	case errors.As(err, &answered):
		return fmt.Errorf("open the store: PostgreSQL at %s: %s", at, answered.Message)
	case !errors.As(err, &failed):
		return fmt.Errorf("open the store: PostgreSQL at %s: %w", at, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("open the store: %s has not answered within %v", at, config.ConnectTimeout)
	case errors.As(err, &unknown):
		return fmt.Errorf("open the store: %s: %s", at, unknown.Err)
	case errors.As(err, &network):
		return fmt.Errorf("open the store: %s: %w", at, network.Err)
	}
	first, _, _ := strings.Cut(failed.Unwrap().Error(), "\n")
	return fmt.Errorf("open the store: %s: %s", at, first)
}

// address is where the server is: host:port, or the folder of its socket.
func address(config *pgx.ConnConfig) string {
	if strings.HasPrefix(config.Host, "/") {
		return config.Host
	}
	return net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
}
