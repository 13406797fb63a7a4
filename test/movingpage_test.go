package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// movingPage is docs/moving.md.
const movingPage = "../docs/moving.md"

// movingShell is a shell beside the data of a server, with a profile prod for an account. The account
// is a Drover, so the commands that are meant for it get its address.
func (s *server) movingShell(t *testing.T, account *server) commandLine {
	t.Helper()
	c := s.readmeShell(t)
	path := ""
	for _, variable := range c.env {
		if strings.HasPrefix(variable, "PATH=") {
			path = variable
		}
	}
	c.env = []string{"HOME=" + c.dir, path, "AWS_PAGER="}
	if err := os.Symlink(s.Dir, filepath.Join(c.dir, "drover-data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(c.dir, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.write(".aws/credentials", "[prod]\naws_access_key_id = "+account.AccessKeyID+
		"\naws_secret_access_key = "+account.SecretAccessKey+"\n")
	c.program = append(c.program, `
drover() {
	case "$1" in
	import) command drover "$@" --source-endpoint-url `+account.HTTP+` --rate 1000 ;;
	export) command drover "$@" --target-endpoint-url `+account.HTTP+` --rate 1000 ;;
	*) command drover "$@" ;;
	esac
}
aws() { command aws "$@" --endpoint-url `+account.HTTP+`; }
eval "$1"`, "sh")
	return c
}

// The commands of the page work as they are written: a fleet comes from an account with a job, and
// goes back to another. R-MOV-1, R-MOV-5, R-MOV-7, R-MOV-12
func TestMovingPage(t *testing.T) {
	t.Parallel()
	account := serve(t, "--account", "111122223333", "--region", "eu-west-1")
	account.fleet("site", 3)
	account.create("fw-2", "site", nil)
	report := func(thing string) {
		account.askFor("iot-jobs-data", "POST", "/things/"+thing+"/jobs/fw-2", `{"status":"SUCCEEDED"}`)
	}
	report("t0001")
	s := serve(t)
	c := s.movingShell(t, account)
	out := c.ok(pageCommands(t, movingPage, "Look at the plan"))
	for _, want := range []string{
		"create   things         t0003\n", "KIND         TO CREATE  EQUAL  DIFFER  CANNOT COME\n",
		"create   jobs           fw-2: for 2 things that have not begun; left out: 1 SUCCEEDED\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the plan does not have %q:\n%s", want, out)
		}
	}
	if names := s.thingNames(); len(names) > 0 {
		t.Errorf("the plan has created %v", names)
	}
	c.ok(pageCommands(t, movingPage, "Copy"))
	report("t0002")
	out = c.ok(pageCommands(t, movingPage, "Bring the jobs over"))
	if want := "change   jobs           fw-2: taken out, as they have begun it since: 1 SUCCEEDED\n"; !strings.Contains(out, want) {
		t.Errorf("the second import does not have %q:\n%s", want, out)
	}
	eventually(t, "the job goes on", func() bool { return s.counts("fw-2") == "IN_PROGRESS q1 p0 s0 f0 t0 c0" })
	must[*iot.DescribeJobExecutionOutput](t)(s.Control().DescribeJobExecution(within(t, 20*time.Second),
		&iot.DescribeJobExecutionInput{JobId: aws.String("fw-2"), ThingName: aws.String("t0003")}))
}

// The commands of the other way bring a fleet into an account. R-MOV-9
func TestMovingPageBack(t *testing.T) {
	t.Parallel()
	account := serve(t, "--account", "111122223333", "--region", "eu-west-1")
	s := serve(t)
	s.fleet("site", 2)
	s.movingShell(t, account).ok(pageCommands(t, movingPage, "The other way"))
	if names := account.thingNames(); len(names) != 2 {
		t.Errorf("the account has the things %v", names)
	}
}

// What is wrong with a line, and with what it names, is said before anything is copied. R-MOV-2, R-MOV-3,
// R-MOV-10, R-MOV-12
func TestMovingRefusals(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.mover(t)
	nowhere := "http://127.0.0.1:1"
	for want, args := range map[string][]string{
		"--only gadgets is refused: must be one of the kinds": {"--only", "gadgets"},
		"--output xml is refused: must be table or json":      {"--output", "xml"},
		"--rate 0 is refused: must be more than 0":            {"--rate", "0"},
		`"more" belongs to nothing`:                           {"more"},
		"both ends are " + s.HTTP:                             {"--data", s.Dir, "--source-endpoint-url", s.HTTP},
		"--data none: no server runs there":                   {"--data", "none"},
		"not all was copied; run the command again to go on":  {"--data", s.Dir, "--source-endpoint-url", nowhere},
		"is not a Drover":                                     {"--endpoint-url", nowhere, "--drover-region", "eu-west-1"},
	} {
		_, problem, status := c.run(append([]string{"import", "aws", "--region", motoRegion}, args...)...)
		if status == 0 || !strings.Contains(problem, want) {
			t.Errorf("%s: status %d, %q, want %q", strings.Join(args, " "), status, problem, want)
		}
	}
	// An account that refuses the credentials ends the copy: it is a Drover that does not know them.
	other := serve(t)
	_, problem, status := c.run("import", "aws", "--region", other.Region, "--source-endpoint-url", other.HTTP, "--data", s.Dir)
	if status != 1 || !strings.Contains(problem, "UnrecognizedClientException") {
		t.Errorf("credentials that are unknown: status %d, %q", status, problem)
	}
}
