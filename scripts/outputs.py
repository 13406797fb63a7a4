"""Writes the answers of the aws command line's own formatters into a table of values.

    .tools/aws/bin/python scripts/outputs.py cli/output/testdata/table.txt

The form of the table is explained at its beginning. The Python of the test set-up (scripts/setup-tests.sh) has the
aws command line.
"""

import io
import json
import sys
from argparse import Namespace

from awscli import formatter, table, text

DIRECTIVES = ("format: ", "title: ", "width: ", "color: ")


def answer(value, how):
    """The lines that the aws command line prints."""
    out = io.StringIO()
    try:
        if how["format"] == "text":
            text.format_text(value, out)
        else:
            shown = formatter.TableFormatter(Namespace(color=how["color"], query=None))
            shown.table._terminal_width = int(how["width"])
            shown._format_response(how["title"], value, out)
    except Exception:  # errors of Python itself: the command line prints those
        return ["error"]
    return ["> " + line for line in out.getvalue().split("\n")[:-1]]


def main(path):
    out, how = [], {}
    with open(path, encoding="utf-8", newline="\n") as values:
        for line in values.read().split("\n")[:-1]:
            if line == "error" or line.startswith("> "):
                continue
            out.append(line)
            if line.startswith(DIRECTIVES):
                name, setting = line.split(": ", 1)
                how[name] = setting
            elif line and not line.startswith(("# ", "! ")):
                out.extend(answer(json.loads(line), how))
    with open(path, "w", encoding="utf-8", newline="\n") as values:
        values.write("\n".join(out) + "\n")


main(sys.argv[1])
