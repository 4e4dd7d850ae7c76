"""dinmeter wiring before a whole daemon whose inputs are connected wrongly: by the simulated source, and by the mapping of a recording."""
import json
import os
import subprocess

import pytest
from conftest import BUILD, HANG_S
from test_recording import recording_config, write_recording

SIM = 'adc: {{ source = "sim"; }};\nsim: {{ {} }};\nmeter: {{ system_voltage = 480; }};\n'


def wiring(meter, *arguments):
    done = subprocess.run([os.path.join(BUILD, "dinmeter"), "wiring", "--socket", meter.control, *arguments], capture_output=True, text=True,
                          timeout=HANG_S, check=False)
    return done.returncode, done.stdout, done.stderr


def told(meter):
    status, out, err = wiring(meter, "--json", "--seconds", "1")
    assert err == ""
    return status, json.loads(out)


def findings(report, n=0):
    return [(finding["code"], finding["inputs"]) for finding in report["explanations"][n]["findings"]]


@pytest.fixture
def meters(daemon, tmp_path):
    """All at once: each needs its first second."""
    exchanged = recording_config(write_recording(tmp_path, 2), True)
    exchanged = exchanged.replace('ib: { channel = "IL2"', 'ib: { channel = "IL3"').replace('ic: { channel = "IL3"', 'ic: { channel = "IL2"')
    configs = {
        "well": SIM.format(""),
        "reversed": SIM.format("current = [ 50.0, -50.0, 50.0 ];"),
        "acb": SIM.format('rotation = "ACB";'),
        "dead": SIM.format("voltage = [ 277.0, 277.0, 0.0 ];"),
        "unloaded": SIM.format("current = [ 0.0, 0.0, 0.0 ];"),
        "swapped": exchanged + "meter: { system_voltage = 480; };\n",
    }
    started = {name: daemon(config=config) for name, config in configs.items()}
    started["nothing"] = daemon(config='adc: { source = "iio"; uri = "ip:127.0.0.1:1"; };\n').wait_open()
    for name in configs:
        started[name].wait_live()
    return started


def test_what_is_wrong_is_told_with_sentence_remedy_and_status(meters):
    status, out, err = wiring(meters["reversed"])
    assert (status, err) == (1, "")
    assert "Current B is reversed.\n  Turn the CT around, or swap X1 and X2.\n" in out and "WRONG (confidence 9" in out

    assert told(meters["well"])[0] == 0
    assert told(meters["well"])[1]["rotation"] == "A-B-C"

    status, report = told(meters["acb"])
    assert (status, report["verdict"], report["rotation"], findings(report)) == (0, "well", "A-C-B", [])

    status, report = told(meters["dead"])
    assert (status, report["verdict"], findings(report)) == (1, "fault", [("voltage_dead", ["vc"])])
    assert report["confidence"] > 0.9

    status, report = told(meters["swapped"])
    assert (status, report["verdict"], findings(report)) == (1, "fault", [("currents_swapped", ["ib", "ic"])])
    # The other way to see it: the supply rotates A-C-B, and the voltages are swapped.
    assert report["explanations"][1]["same_phasors"] and findings(report, 1) == [("voltages_swapped", ["vb", "vc"])]
    assert report["explanations"][1]["supply_rotation"] == "A-C-B"

    status, report = told(meters["unloaded"])
    assert (status, report["verdict"], report["too_small"]) == (1, "no_load", ["ia", "ib", "ic"])

    status, out, err = wiring(meters["nothing"])
    assert (status, out) == (1, "") and "no valid samples" in err
    assert wiring(meters["well"], "--seconds", "0")[0] == 2
