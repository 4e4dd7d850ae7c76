#!/usr/bin/python3
"""The fault table in doc/DESIGN.md names tests that are there, and in them the claims that it names.

The last column of a row is a list: `FILE`, or `FILE`: CLAIM ..., CLAIM ...; a FILE is a test of any kind by its name, `vm`: `NAME` one of the
virtual machine's, and a CLAIM the beginning of a test's name with blanks for underscores.
"""
import os
import re
import sys

TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
HEADING = "## What happens when a part fails"
PLACES = ("tests/unit", "tests/integration", "tests/fuzz", "tests/bench", "tests/soak")
GUESTS = "tests/vm/guest", "tests/vm"
# A name of the table, then perhaps claims up to the next name.
ITEM = re.compile(r"(`vm`: )?`([^`]+)`(?:: ((?:(?!`).)*))?")


def rows(text):
    """(failure, what happens, shown by) of each row below the heading."""
    section = text.split(HEADING, 1)[1]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return cells


def all_files():
    """Every test by its name, with and without the ending."""
    found = {}
    for place in PLACES:
        for directory, _, names in os.walk(os.path.join(TOP, place)):
            for name in names:
                path = os.path.join(directory, name)
                for key in {name, os.path.splitext(name)[0], os.path.relpath(path, os.path.join(TOP, place)),
                            os.path.splitext(os.path.relpath(path, os.path.join(TOP, place)))[0], os.path.relpath(path, TOP),
                            os.path.splitext(os.path.relpath(path, TOP))[0]}:
                    found.setdefault(key, []).append(path)
    return found


def claims_of(path):
    """What the tests of a file claim: their names with blanks; of a script, the lines that say what is checked."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    names = re.findall(r"START_TEST\((\w+)\)|^ *def test_(\w+)\(", text, re.M)
    return [(a or b).replace("_", " ") for a, b in names]


def faults_of(row, files):
    """What is wrong with the last column of a row."""
    wrong = []
    if len(row) != 3 or not all(row):
        return ["must have three columns, none of them empty"]
    items = list(ITEM.finditer(row[2]))
    if not items:
        wrong.append("names no test")
    # Nothing may stand between the items that the pattern passes over.
    left = ITEM.sub("", row[2]).strip(" ,;")
    if left:
        wrong.append(f"what is '{left}'? (`FILE`: CLAIM ..., CLAIM ...)")
    for item in items:
        guest, name, claims = item.groups()
        if guest:
            paths = [path for guest in GUESTS for path in [os.path.join(TOP, guest, name)] if os.path.exists(path)]
        else:
            paths = files.get(name, [])
        if not paths:
            wrong.append(f"there is no test {name}")
            continue
        known = [claim for path in paths for claim in claims_of(path)]
        for claim in re.split(r"[,;]", claims or ""):
            claim = claim.strip().removesuffix("...").strip()
            if claim and not any(one.startswith(claim) for one in known):
                wrong.append(f"no test of {name} claims '{claim}'")
    return wrong


def check_table(table, files):
    return [f"{row[0]}: {fault}" for row in table for fault in faults_of(row, files)]


def check_itself(files):
    """Planted faults, each of them found; a good row is none."""
    good = ["x", "y", "`test_kill.py`, `vm`: `test-losses`"]
    planted = [["x", "y", "`test_nothing.c`"], ["x", "y", "`test_acquire.c`: pigs fly ..."], ["x", "y", "`vm`: `test-nothing`"], ["x", "y", "seen"],
               ["x", "y", ""], ["x", "y", "`test_kill.py` sometimes"], ["x", "y"]]
    missed = [f"the check does not find what is wrong with {row}" for row in planted if not faults_of(row, files)]
    return missed + [f"the check finds fault with {good}: {fault}" for fault in faults_of(good, files)]


def main():
    with open(os.path.join(TOP, "doc", "DESIGN.md"), encoding="utf-8") as file:
        table = rows(file.read())
    files = all_files()
    faults = check_table(table, files) + check_itself(files)
    if len(table) < 40:
        faults.append(f"the table has {len(table)} rows: has its heading or form changed?")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
