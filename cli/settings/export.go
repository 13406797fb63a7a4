package settings

import (
	"context"
	"encoding/csv"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/credentials"
	"github.com/drover-iot/drover/cli/exit"
)

// Credentials for another program, which may be asked for by a credential_process of the same
// profile: such a circle is seen by a variable that both command lines pass on.

// chainVariable has the profiles whose credentials are being exported, with commas between.
const chainVariable = "_AWS_CLI_PROFILE_CHAIN"

// longestChain is how many profiles may export one from the other.
const longestChain = 4

// Export returns the credentials that a call would use (R-CMD-153). It needs a region only for those
// of a service.
func Export(ctx context.Context, from Sources) (credentials.Value, error) {
	s := &Settings{from: from}
	if err := s.findProfile(); err != nil {
		return credentials.Value{}, err
	}
	if err := s.findAttempts(); err != nil {
		return credentials.Value{}, err
	}
	s.findRegion()
	chain, _ := csv.NewReader(strings.NewReader(from.Getenv(chainVariable))).Read()
	switch {
	case slices.Contains(chain, s.Profile.name):
		return credentials.Value{}, exit.Environment("Credential process resolution detected an "+
			"infinite loop, profile cycle: %s", strings.Join(append(chain, s.Profile.name), " -> "))
	case len(chain) >= longestChain:
		return credentials.Value{}, exit.Environment("Maximum recursive credential process resolution "+
			"reached (%d).\nProfiles seen: %s", longestChain, strings.Join(chain, " -> "))
	}
	s.chain = append(chain, s.Profile.name)
	return s.fetchCredentials(ctx)
}

// processVariables are the variables of a credential_process beside those of this process.
func (s *Settings) processVariables() []string {
	if len(s.chain) == 0 {
		return nil
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(s.chain) // to memory
	w.Flush()
	return []string{chainVariable + "=" + strings.TrimSpace(b.String())}
}
