#!/usr/bin/python3
"""conf/dinmeterd.conf says of each key what it may be, as the daemon does when it refuses a value."""
import os
import re
import subprocess
import sys
import tempfile

SAMPLE = os.path.join(os.environ.get("top_srcdir", "."), "conf/dinmeterd.conf")
# What a range is made of: 1..2, 0.5..2, 9600, "none", true or false.
CLAIM = re.compile(r'"[^"]*"|-?[0-9.]*[0-9]\.\.-?[0-9.]*[0-9]|[0-9]+ bytes|[0-9]+|true or false')


def comments(text):
    """For each line the comment above it, without its line breaks."""
    above, comment, ended = [], "", True
    for line in text.splitlines():
        code, _, remark = line.partition("#")
        if remark and not code.strip():
            comment = remark if ended else comment + remark
            ended = False
        elif code.strip():
            ended = True
        above.append(re.sub(r"\s+", " ", comment))
    return above


def refusals(text):
    """Line, key and what the daemon says that it must be, of every key with a value that none can have."""
    bare = re.sub(r'= *("[^"]*"|[^;]*);', '= [ "?" ];', re.sub("#.*", "", text))
    bare = bare.replace('harmonics = [ "?" ];', 'harmonics = ( { order = [ "?" ]; voltage = [ "?" ]; current = [ "?" ]; phase = [ "?" ]; } );')
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as wrong:
        wrong.write(bare)
        wrong.flush()
        run = subprocess.run(["./dinmeterd", "-t", "-c", wrong.name], stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode != 2:
        sys.exit(f"dinmeterd -t ends with {run.returncode}: {run.stderr}")
    found = re.findall(r"^[^:]*:([0-9]+): ([^:]*): .*?, must be (.*)$", run.stderr, re.MULTILINE)
    if len(found) != bare.count("?"):
        sys.exit(f"{len(found)} refusals of {bare.count('?')} values: {run.stderr}")
    return [(int(line), key, must) for line, key, must in found]


def main():
    with open(SAMPLE, encoding="utf-8") as file:
        sample = file.read()
    above, lines = comments(sample), sample.splitlines()
    first = {}
    bad = claims = 0
    for line, key, must in refusals(sample):
        # but for groups on one line
        if not lines[line - 2].strip().startswith("#") and "{" not in lines[line - 1]:
            bad += 1
            print(f"{SAMPLE}:{line}: {key} has no comment of its own")
        # groups of one kind: the first of them has the words for all
        said = first.setdefault((key.split(".")[0], key.split(".")[-1]), above[line - 1]) + above[line - 1]
        for claim in CLAIM.findall(re.sub(r"(such as|as in|\([^)]*\)).*", "", must)):
            claims += 1
            if not re.search(r"(?<![0-9.])" + re.escape(claim) + r"(?![0-9])", said):
                bad += 1
                print(f"{SAMPLE}:{line}: {key} must be {must}; the comment does not say {claim}")
    return bad > 0 or claims < 100


if __name__ == "__main__":
    sys.exit(main())
