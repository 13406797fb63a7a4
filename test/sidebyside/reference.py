"""Runs command lines with the aws command line of the test set-up, one after the other.

Each line of standard input is a JSON object: args (a list of words), env (a whole environment), dir
(the working directory) and stdin (a text). Each is answered by a line with an object: status,
stdout and stderr. An object with split alone is a command line in the quoting of a shell, and is
answered by the list of its words. The aws command line is loaded once and forked for each, which is some ten times
faster than starting it anew; what runs in the fork is its own main function.
"""

import functools
import json
import os
import random
import shlex
import sys
import tempfile
import time


def load():
    """Loads the aws command line with all that a call needs, so that forks find it in memory."""
    import botocore.loaders
    from awscli import clidriver

    loader = botocore.loaders.JSONFileLoader
    loader.load_file = functools.lru_cache(maxsize=None)(loader.load_file)
    # The first generation shows a random value of an enumeration in skeletons, the second one the
    # first (R-CMD-53).
    random.choice = lambda values: list(values)[0]
    os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_DEFAULT_REGION="us-east-1")
    sink = os.open(os.devnull, os.O_WRONLY)
    stdout = os.dup(1)
    os.dup2(sink, 1)
    for service in ("iot list-jobs", "iot-jobs-data get-pending-job-executions"):
        clidriver.create_clidriver().main(service.split() + ["--generate-cli-skeleton"])
        sys.stdout.flush()
    os.dup2(stdout, 1)
    return clidriver


def run(clidriver, call, files):
    """Runs one call in this process, which is a fork, and ends it."""
    import botocore.credentials
    import botocore.tokens
    from awscli.customizations import assumerole

    for fd, file in enumerate(files):
        os.dup2(file.fileno(), fd)
    sys.stdin, sys.stdout, sys.stderr = (
        open(fd, mode, encoding="utf-8", closefd=False) for fd, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    data = os.environ["AWS_DATA_PATH"]  # which importing it has set
    os.environ.clear()
    os.environ.update(call["env"], AWS_DATA_PATH=data)
    time.tzset()
    # These folders of the home were found when the aws command line was loaded.
    cache = os.path.join(call["env"].get("HOME", call["dir"]), ".aws")
    assumerole.CACHE_DIR = os.path.join(cache, "cli", "cache")
    for provider in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
        provider._SSO_TOKEN_CACHE_DIR = os.path.join(cache, "sso", "cache")
    os.chdir(call["dir"])
    sys.argv = ["aws"] + call["args"]
    status = 1
    try:
        status = clidriver.main()
    except SystemExit as end:
        status = end.code
    except BaseException as error:  # the aws command line crashed
        print(repr(error), file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)


def answer(clidriver, call):
    """Forks, waits, and returns what the fork wrote."""
    files = [tempfile.TemporaryFile() for _ in range(3)]
    files[0].write(call["stdin"].encode())
    for file in files:
        file.flush()
        file.seek(0)
    child = os.fork()
    if child == 0:
        run(clidriver, call, files)
    _, status = os.waitpid(child, 0)
    texts = []
    for file in files[1:]:
        file.seek(0)
        texts.append(file.read().decode("utf-8", "replace"))
        file.close()
    return {"status": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}


def main():
    clidriver = load()
    for line in sys.stdin:
        call = json.loads(line)
        if "split" in call:
            reply = shlex.split(call["split"])
        else:
            reply = answer(clidriver, call)
        print(json.dumps(reply), flush=True)


main()
