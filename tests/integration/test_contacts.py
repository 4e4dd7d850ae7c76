"""Contacts without hardware (chip = "sim"), seen from outside: edges against the energy and the counters, the alarm's every reason."""
import math
import os
import re
import signal
import time

from conftest import wait_for
from control import Control
from rtu import float_of

CONTACTS = ('outputs: { energy: { chip = "sim"; line = 0; }; alarm: { chip = "sim"; line = 1; };\n'
            '  reactive: { chip = "sim"; line = 2; }; };\n')


def simulated(power_w=250e3, voltage=277.0, extra=""):
    """A load of so many watts, PF 0.8, on transformers large enough for it, a pulse each 10 Wh."""
    amperes = power_w / (3 * 277.0 * 0.8)
    volts = voltage if isinstance(voltage, str) else repr(float(voltage))
    return (f'adc: {{ source = "sim"; }};\nsim: {{ voltage = {volts}; current = {amperes!r}; power_factor = 0.8; }};\n'
            f'meter: {{ ct_primary = 500; system_voltage = 480; pulse_energy = 10; {extra} }};\n' + CONTACTS)


def closures(edges, contact):
    return sum(edge["closed"] for edge in edges if edge["contact"] == contact)


def counters(bus):
    words = bus.read(43, 4)
    return words[0] << 16 | words[1], words[2] << 16 | words[3]


def alarm_driven(control):
    return control.status()["outputs"]["alarm"]["active"]


def test_edges_are_the_counters_and_the_energy(daemon):
    meter = daemon(config=simulated()).wait_live()
    with meter.bus() as bus, Control(meter.control) as control:
        # 250 kW are 6.9 closures a second
        wait_for(lambda: counters(bus)[0] >= 60, "60 closures are counted")
        duration_ms = bus.read(145)[0]
        bus.write(129, 16498)       # counters from zero: energy and edges go on
        before = control.edges()
        wait_for(lambda: counters(bus)[0] >= 40, "40 more")
        edges = control.edges()
        wh = float_of(bus.read(257, 2)) * 1000
        owed = control.status()["outputs"]["owed_1"]
        total = closures(edges, "energy")
        # each closure stands for 10 Wh; what is not shown yet is owed, but for the second that runs
        assert abs(wh / 10 - total - owed) <= 8, (wh, total, owed)
        assert counters(bus)[0] >= total - closures(before, "energy") - 8
        # three quarters of it in VARh: sqrt(1 - 0.8^2) / 0.8
        assert abs(closures(edges, "reactive") - 0.75 * total) <= 10
        assert bus.read(153) == [2]
    times = [edge["t_ns"] / 1e6 for edge in edges if edge["contact"] == "energy"]
    states = [edge["closed"] for edge in edges if edge["contact"] == "energy"]
    assert states == [n % 2 == 0 for n in range(len(states))], "each closure is one closing and one opening"
    lengths = [b - a for a, b in zip(times, times[1:])]
    assert min(lengths) >= duration_ms, (min(lengths), duration_ms)


def test_counters_are_the_edges_through_restarts(daemon):
    """An observer of the contact counts what the counter counts, over several lives of the daemon."""
    meter, total = daemon(config=simulated()), 0
    for _ in range(3):
        meter.wait_live()
        with meter.bus() as bus, Control(meter.control) as control:
            assert counters(bus)[0] == total, "a closure was lost or invented between two lives"
            bus.write(144, 10)
            wait_for(lambda: counters(bus)[0] >= total + 15, "15 closures")
            # from here on one closure each 144 s, and nothing owed: the count can be compared at leisure
            bus.write(144, 10000)
            bus.write(129, 30078)
            wait_for(lambda: counters(bus)[0] == total + closures(control.edges(), "energy"), "the counter is what was observed")
            total = counters(bus)[0]
        meter.restart().wait_open()


def test_an_end_amid_closures_loses_and_invents_none(daemon):
    """Each life ends while the contact is at work; the contact's own account, told at its end, is the counter's."""
    meter, total = daemon(config=simulated(power_w=1.5e6, extra="ct_secondary = 1;")).wait_live(), 0
    for life in range(1, 4):
        with meter.bus() as bus:
            wait_for(lambda: counters(bus)[0] > total + 30, "the contact is at work")
        meter.restart()
        told = re.findall(r"energy contact: (\d+) closures", meter.log)
        assert len(told) == life, meter.log
        total = sum(map(int, told))
        meter.wait_open()
        with meter.bus() as bus:
            assert counters(bus)[0] == total, "a closure was lost or invented between two lives"
        meter.wait_live()


def test_the_alarm_contact_is_driven_only_while_all_is_well(daemon):
    meter = daemon(config=simulated()).wait_live()
    with Control(meter.control) as control:
        wait_for(lambda: alarm_driven(control), "the alarm is held off")
        edges = control.edges()
        # at the start: not driven, until the first good second
        assert [edge["closed"] for edge in edges if edge["contact"] == "alarm"] == [True]


def test_a_lost_phase_is_an_alarm(daemon):
    meter = daemon(config=simulated(voltage="[ 277.0, 0.0, 277.0 ]")).wait_live()
    with meter.bus() as bus, Control(meter.control) as control:
        assert bus.read(146)[0] & 0x0200
        assert not alarm_driven(control)
        assert not [edge for edge in control.edges() if edge["contact"] == "alarm" and edge["closed"]]
        # told to expect a system without that phase, the meter is content: type 10 looks at A alone
        bus.write(134, 277)
        bus.write(130, 10)
        wait_for(lambda: alarm_driven(control), "the alarm is held off in a system without phase B")
        bus.write(130, 40)
        wait_for(lambda: not alarm_driven(control), "and raised again")


def test_a_process_that_stands_still_raises_the_alarm_by_itself(daemon):
    """SIGSTOP stops every thread, and on a real chip the pin with it; on its return the contact has fallen before it is driven."""
    meter = daemon(config=simulated()).wait_live()
    with Control(meter.control) as control:
        wait_for(lambda: alarm_driven(control), "the alarm is held off")
        meter.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, meter.process.pid, os.WSTOPPED | os.WNOWAIT)
        time.sleep(3)       # longer than the contact believes a silent meter
        meter.process.send_signal(signal.SIGCONT)
        edges = wait_for(lambda: (lambda e: e if len(e) >= 3 else None)(
            [edge for edge in control.edges() if edge["contact"] == "alarm"]), "it falls and is driven again")
        assert [edge["closed"] for edge in edges[:3]] == [True, False, True]


def test_an_overrun_is_told_and_cleared(daemon):
    # 50 closures a second at most: 10 Wh each, 1.8 MW
    meter = daemon(config=simulated(power_w=3.2e6, extra="phase_loss_imbalance = 99;")).wait_live()
    with meter.bus() as bus, Control(meter.control) as control:
        wait_for(lambda: bus.read(146)[0] & 0x4000, "bit 14 is set")
        assert "pulse_overrun" in [alert["code"] for alert in control.status()["alerts"]["list"]]
        bus.write(144, 1000)
        wait_for(lambda: not bus.read(146)[0] & 0x4000, "a larger pulse makes it fit")


def test_pulses_are_counted_without_any_contact(daemon):
    meter = daemon(config=simulated().replace(CONTACTS, "")).wait_live()
    with meter.bus() as bus, Control(meter.control) as control:
        wait_for(lambda: counters(bus)[0] >= 10 and counters(bus)[1] >= 7, "closures due are counted")
        assert bus.read(153) == [0]
        assert not control.edges()
        assert math.isclose(float_of(bus.read(337, 2)), counters(bus)[0], abs_tol=8)
