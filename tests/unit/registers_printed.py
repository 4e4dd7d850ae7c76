#!/usr/bin/python3
"""Every printed form of the register map, and the documents made of it, hold every row of the map, and alike."""
import csv
import io
import json
import os
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import outcome  # noqa: E402

TOP = os.environ.get("top_srcdir", ".")
BUILD = os.environ.get("top_builddir", ".")
COLUMNS = "register registers name access nv format units scale range default".split()


def run(*arguments):
    return subprocess.run([os.path.join(BUILD, "dinmeter"), "registers", *arguments],
                          capture_output=True, text=True, timeout=30)


def printed(*arguments):
    result = run(*arguments)
    assert result.returncode == 0 and result.stderr == "", result
    return result.stdout


def table(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def built(path):
    with open(os.path.join(BUILD, path), encoding="ascii") as file:
        return file.read()


def span(row):
    first, count = int(row["register"]), int(row["registers"])
    return str(first) if count == 1 else f"{first}-{first + count - 1}"


with open(os.path.join(TOP, "tests/data/point-map.tsv"), encoding="ascii") as map_file:
    MAP = table(map_file.read())


class PrintedMap(unittest.TestCase):
    def test_tsv_begins_with_the_columns_of_the_map(self):
        rows = table(printed("--tsv"))
        self.assertEqual(len(MAP), 140)
        self.assertEqual([{c: row[c] for c in COLUMNS} for row in rows], MAP)
        self.assertEqual(list(rows[0])[:10], COLUMNS)

    def test_json_says_the_same_as_tsv(self):
        for entry, row in zip(json.loads(printed("--json")), table(printed("--tsv")), strict=True):
            expected = dict(row, register=int(row["register"]), registers=int(row["registers"]),
                            nv=row["nv"] == "NV")
            self.assertEqual(entry, expected)

    def test_markdown_has_a_line_of_ten_cells_for_every_row(self):
        lines = [line for line in printed("--markdown").splitlines() if re.match(r"\| \d", line)]
        for line, row in zip(lines, table(printed("--tsv")), strict=True):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            self.assertEqual(cells, [span(row), f"`{row['name']}`", row["access"], row["nv"], row["format"], row["units"],
                                     row["scale"], row["range"], row["default"], row["meaning"]])

    def test_plain_text_has_every_row(self):
        lines = printed().splitlines()[1:]
        for line, row in zip(lines, MAP, strict=True):
            self.assertEqual(line.split()[:3], [span(row), row["name"], row["access"]])

    def test_names_and_numbers_select_rows(self):
        self.assertEqual([r["register"] for r in table(printed("--tsv", "kw"))], ["3", "261"])
        self.assertEqual([r["name"] for r in table(printed("--tsv", "2", "129", "13759"))], ["kwh", "command", "log_page"])
        self.assertEqual([r["name"] for r in json.loads(printed("--json", "hz"))], ["hz", "hz"])

    def test_unknown_register_or_option_is_bad_usage(self):
        for arguments in (["volts"], ["0"], ["53"], ["99999999999999999999"], ["1x"], [""], ["--xml"], ["--tsv", "-j"]):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertIn(f"'{arguments[-1]}'", result.stderr)

    def test_full_output_device_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([os.path.join(BUILD, "dinmeter"), "registers"], stdout=full,
                                    stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)


class Documents(unittest.TestCase):
    def test_markdown_document_holds_the_whole_table(self):
        self.assertIn("\n" + printed("--markdown"), built("doc/registers.md"))

    def test_man_page_has_every_row_with_all_that_the_table_says(self):
        page = built("man/dinmeter-registers.7").replace("\\-", "-")
        entries = re.findall(r"^\.TP\n\.B (\d\S*) (\S+)\n(.*)\.\n\.br\n(.*)$", page, re.MULTILINE)
        for (numbers, name, meaning, facts), row in zip(entries, table(printed("--tsv")), strict=True):
            expected = [row["access"], row["format"], row["nv"], row["units"],
                        row["scale"] and "scale " + row["scale"], row["range"] and "range " + row["range"],
                        row["default"] and "default " + row["default"]]
            self.assertEqual((numbers, name), (span(row), row["name"]))
            self.assertEqual(meaning, row["meaning"])
            self.assertEqual(facts, ", ".join(fact for fact in expected if fact))

    def test_no_mark_of_the_templates_is_left(self):
        for path in ("doc/registers.md", "man/dinmeter-registers.7"):
            self.assertEqual(re.findall("@[A-Z]+@", built(path)), [], path)


if __name__ == "__main__":
    outcome.main()
