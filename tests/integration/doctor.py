"""dinmeter doctor, run and its findings read."""
import json
import os
import pwd
import subprocess

from conftest import BUILD, HANG_S, SANITIZER

DINMETER = os.path.join(BUILD, "dinmeter")
SIMULATED = 'adc: { source = "sim"; };\n'


def me():
    return pwd.getpwuid(os.geteuid()).pw_name


def write_site(directory, more="", source=SIMULATED, device=None, state=None):
    """A configuration: simulated, a pseudo-terminal, state and socket in the directory, `more` behind it."""
    path = directory / "site.conf"
    path.write_text(f'{source}modbus: {{ device = "{device or f"pty:{directory}/meter"}"; }};\n'
                    f'store: {{ path = "{state or directory / "state"}"; }};\n'
                    f'control: {{ socket = "{directory}/control"; }};\n{more}', encoding="utf-8")
    return path


def doctor(*arguments, environment=None):
    """Exit status, findings, standard error."""
    done = subprocess.run([DINMETER, "doctor", "--json", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=HANG_S, check=False, env={**os.environ, **(environment or {})})
    assert not SANITIZER.search(done.stderr), done.stderr
    report = json.loads(done.stdout) if done.stdout else None
    if report:
        # The status says what the findings say.
        failed = [one for one in report["findings"] if one["verdict"] == "FAIL"]
        assert report["ok"] == (not failed) and done.returncode == (1 if failed else 0), done
        assert all(one["mend"] for one in failed), "what fails is told with what mends it"
    return done.returncode, report, done.stderr


def of(report, part):
    found = [one for one in report["findings"] if one["part"] == part]
    assert found, (part, report)
    return found


def failures(report, part):
    return [one for one in of(report, part) if one["verdict"] == "FAIL"]
