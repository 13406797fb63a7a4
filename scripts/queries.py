"""Writes the answers of jmespath.py into a table of expressions.

    .tools/aws/bin/python scripts/queries.py cli/jmespath/testdata/queries.txt

The form of the table is explained at its beginning. The Python of the test set-up (scripts/setup-tests.sh) has the
jmespath.py of the aws command line.
"""

import json
import sys

import jmespath


def answer(expression, document):
    """What the aws command line prints, without line breaks."""
    try:
        compiled = jmespath.compile(expression)
    except ValueError:  # of which all errors of jmespath.py are
        return "syntax error"
    try:
        result = compiled.search(document)
        return json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    except Exception:  # errors of Python itself, too: the command line prints those
        return "error"


def main(path):
    out, document = [], None
    with open(path, encoding="utf-8") as table:
        for line in table.read().splitlines():
            if line.startswith("= "):
                continue
            out.append(line)
            if line.startswith("document: "):
                document = json.loads(line[len("document: "):])
            elif line and not line.startswith(("# ", "! ")):
                out.append("= " + answer(line, document))
    with open(path, "w", encoding="utf-8") as table:
        table.write("\n".join(out) + "\n")


main(sys.argv[1])
