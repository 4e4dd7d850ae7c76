"""The completion in bash itself: what the shell would offer, against the command's own help and the map."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import outcome  # noqa: E402

BUILD = os.environ.get("top_builddir", os.getcwd())
TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
DINMETER = os.path.abspath(os.path.join(BUILD, "dinmeter"))

# Loads the completion as a user's shell would, and asks the function that was registered.
SCRIPT = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
set -u
entry=$(complete -p dinmeter); [[ $entry =~ -F\ ([a-z_]+) ]]
"${BASH_REMATCH[1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"""


def offered(*words, directory=None):
    """The set offered for the last of the words."""
    done = subprocess.run(["bash", "--norc", "-c", SCRIPT, "bash", os.path.join(TOP, "conf", "dinmeter.bash-completion"), DINMETER, *words],
                          capture_output=True, text=True, check=True, cwd=directory)
    # outside of an interactive shell there is no completion whose options could be changed
    assert not done.stderr, done.stderr
    return set(done.stdout.splitlines())


def output(*arguments):
    return subprocess.run([DINMETER, *arguments], capture_output=True, text=True, check=True).stdout


def rows():
    header, *lines = [line.split("\t") for line in output("registers", "--tsv").splitlines()]
    return [dict(zip(header, line)) for line in lines]


class Completion(unittest.TestCase):
    def commands(self):
        return set(re.findall(r"^  ([a-z-]+) ", output("--help"), re.M))

    def test_commands_are_offered(self):
        self.assertEqual(offered(""), self.commands() | {"--help", "--version"})
        self.assertEqual(offered("re"), {"registers", "report", "reset"})
        self.assertEqual(offered("ex"), {"export-state"})
        self.assertGreater(len(self.commands()), 9)
        # what the help lists, word for word
        listed = output("--help").split("commands:\n")[1].split("\n\n")[0].splitlines()
        self.assertEqual(self.commands(), {line.split()[0] for line in listed})

    def test_options_are_those_of_the_commands_help(self):
        for command in self.commands():
            told = set()
            for line in re.findall(r"^  +(-.*)", output(command, "--help"), re.M):
                told |= set(re.findall(r"(?:^|[ ,])(--?[a-z-]+)(?=[ ,]|$)", line.split("  ")[0]))
            self.assertTrue(told, command)
            self.assertEqual(offered(command, "-") - {"--help"}, told - {"--help"}, command)

    def test_settable_names_are_offered_and_no_others(self):
        names = {row["name"] for row in rows() if row["access"] == "R/W"} - {"command"}
        names |= {"address", "baud", "parity", "setup_password", "reset_password"}
        self.assertEqual(offered("set", ""), names)
        self.assertEqual(offered("set", "--socket", "/x", "pt"), {"pt_ratio"})

    def test_values_are_offered_where_they_are_few(self):
        self.assertEqual(offered("set", "display_units", ""), {"IEC", "IEEE"})
        self.assertEqual(offered("set", "parity", "o"), {"odd"})
        self.assertEqual(offered("set", "baud", "1"), {"1200", "19200"})
        self.assertEqual(offered("set", "system_type", ""), {"10", "11", "12", "31", "40"})
        self.assertEqual(offered("set", "pulse_energy", ""), {"10000", "1000", "100", "10"})
        self.assertEqual(offered("set", "ct_secondary", ""), {"1", "3"})
        for name in ("ct_primary", "pt_ratio", "demand_subinterval_s", "log_pointer_1", "setup_password", "nonsense"):
            self.assertEqual(offered("set", name, ""), set(), name)
        self.assertEqual(offered("set", "parity", "odd", ""), set())

    def test_words_of_reset_and_command(self):
        self.assertEqual(offered("reset", ""), {"energy", "demand", "counters", "log"})
        self.assertEqual(offered("reset", "-c", "x.conf", "d"), {"demand"})
        self.assertEqual(offered("reset", "log", ""), set())
        self.assertEqual(offered("command", ""), {"sync"})

    def test_registers_are_offered_by_name(self):
        self.assertEqual(offered("registers", "kwh"), {name for name in (row["name"] for row in rows()) if name.startswith("kwh")})
        self.assertEqual(offered("registers", "kw", "scale"), {"scale_i", "scale_v", "scale_w", "scale_e"})

    def test_files_are_offered_where_a_file_is_due(self):
        with tempfile.TemporaryDirectory() as directory:
            for name in ("a.cfg", "b.CFF", "c.dat", "d.conf"):
                with open(os.path.join(directory, name), "w", encoding="ascii"):
                    pass
            os.mkdir(os.path.join(directory, "sub"))
            self.assertEqual(offered("analyze", "", directory=directory), {"a.cfg", "b.CFF", "sub"})
            self.assertEqual(offered("import-state", "", directory=directory), {"a.cfg", "b.CFF", "c.dat", "d.conf", "sub"})
            self.assertEqual(offered("import-state", "--state", "", directory=directory), {"sub"})
            self.assertEqual(offered("import-state", "--state", "sub", "c", directory=directory), {"c.dat"})
            self.assertEqual(offered("import-state", "c.dat", "", directory=directory), set())
            self.assertEqual(offered("export-state", "-o", "a", directory=directory), {"a.cfg"})
            self.assertEqual(offered("export-state", "", directory=directory), set())
            self.assertEqual(offered("status", "-c", "d", directory=directory), {"d.conf"})
            self.assertEqual(offered("analyze", "-c", "", directory=directory), {"a.cfg", "b.CFF", "c.dat", "d.conf", "sub"})


if __name__ == "__main__":
    if not shutil.which("bash"):
        print("cannot run: there is no bash")
        sys.exit(77)
    outcome.main()
