"""The front panel of a whole daemon: keys over the control socket, its display on a pseudo-terminal."""
import json
import os
import pty
import subprocess
import tty

import pytest
from conftest import BUILD, wait_for
from control_meter import Client
from rtu import NoReply


class Panel:
    """A client of the panel, that finds its way by the places that the screens tell."""

    def __init__(self, meter):
        self.client = wait_for(lambda: self.connect(meter.control), "the control socket answers")
        self.screen = self.press()

    @staticmethod
    def connect(path):
        try:
            return Client(path)
        except OSError:
            return None

    def press(self, *keys):
        answer = self.client.ask("panel", keys=keys) if keys else self.client.ask("panel")
        assert answer["ok"], answer
        self.screen = answer["screen"]
        return self.screen

    @property
    def place(self):
        return self.screen["place"]

    @property
    def bottom(self):
        return self.screen["bottom"]

    def until(self, key, condition, what):
        for _ in range(40):
            if condition():
                return
            self.press(key)
        raise AssertionError(f"no {what}: {self.screen}")

    def home(self):
        self.press(*["left"] * 6)
        self.until("-", lambda: self.place == "ENRGY", "ENRGY")

    def digits(self, wanted):
        """Enters five digits over zeros, the rightmost first."""
        keys = []
        for digit in reversed(wanted):
            keys += ["+"] * int(digit) + ["-"]
        self.press(*keys)

    def authorise(self, group, password):
        self.home()
        self.until("+", lambda: self.place == group, group)
        self.press("right")
        self.digits(password)
        self.press("right")
        return self.place != f"{group}/PASWD"

    def parameter(self, submenu, name):
        if self.place.count("/") >= 2:
            self.press("left")
        self.until("-", lambda: self.place == f"SETUP/{submenu}", submenu)
        self.until("right", lambda: self.place == f"SETUP/{submenu}/{name}", name)

    def number(self, wanted):
        """Turns each digit that is shown into the wanted one."""
        keys = []
        shown = self.bottom.replace(".", "").strip()
        wanted = wanted.replace(".", "")
        assert len(shown) == len(wanted), (self.screen, wanted)
        for is_, shall in zip(reversed(shown), reversed(wanted)):
            keys += ["+"] * ((int(shall) - int(is_)) % 10) + ["-"]
        self.press(*keys[:64])

    def option(self, wanted, key="+"):
        self.until(key, lambda: self.bottom.strip() == wanted, wanted)

    def save(self):
        self.press("right")
        assert self.bottom.strip() == "SAvEd", self.screen
        # ends the notice; what it touches is not saved
        self.press("-")

    def close(self):
        self.client.close()


@pytest.fixture
def panel_of():
    panels = []

    def make(meter):
        panels.append(Panel(meter))
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()


# Submenu, parameter, what is entered, the register and what it must show then.
SETTINGS = [
    ("S CT", "CT SZ", "number", "00250", 131, 250), ("S CT", "CT V", "option", ".33", 132, 3),
    ("S PT", "RATIO", "number", "002.00", 133, 200), ("S V", "V LL", "number", "00480", 134, 480),
    ("S SYS", "SYSTM", "option", "3L", 130, 31), ("SPLOS", "VOLTS", "number", "0.20", 142, 20),
    ("SPLOS", "IMBAL", "number", "0.31", 143, 31), ("SPULS", "Wh/P", "option", "10000", 144, 10000),
    ("SDMND", "INTRV", "option", "3", 149, 3), ("SDMND", "SEC", "number", "00060", 150, 60),
    ("S DIS", "UNITS", "option", "IEC", 137, 0),
]


def test_each_kind_of_setting_is_changed_and_the_register_shows_it(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel = panel_of(meter)
    assert panel.authorise("SETUP", "00000")
    with meter.bus() as bus:
        for submenu, name, how, text, register, value in SETTINGS:
            before = bus.read(register)
            panel.parameter(submenu, name)
            if name in ("VOLTS", "IMBAL"):
                # the leading 0 stands still
                shown, keys = panel.bottom.strip()[-2:], []
                for is_, shall in zip(reversed(shown), reversed(text[-2:])):
                    keys += ["+"] * ((int(shall) - int(is_)) % 10) + ["-"]
                panel.press(*keys)
            else:
                getattr(panel, how)(text)
            panel.save()
            assert bus.read(register) == [value] != before, name
    for name in ("ct_primary changed from 100 to 250", "pt_ratio changed from 1.00 to 2.00", 'display_units changed from "IEEE" to "IEC"'):
        assert f"panel: {name}" in meter.log


def test_address_speed_and_parity_reach_the_bus(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel = panel_of(meter)
    assert panel.authorise("SETUP", "00000")
    panel.parameter("S COM", "ADDR")
    panel.number("017")
    panel.save()
    panel.parameter("S COM", "BAUD")
    panel.option("9600")
    panel.save()
    panel.parameter("S COM", "PAR")
    panel.option("EvEn")
    panel.save()
    wait_for(lambda: "now address 17, 9600 baud, 8E1" in meter.log, "the port is set anew")
    with meter.bus(17) as bus:
        assert bus.read(7001) == [12345]
        with pytest.raises(NoReply):
            bus_of_old = meter.bus(1)
            try:
                bus_of_old.read(7001, deadline_s=0.3)
            finally:
                bus_of_old.close()


def test_a_refused_value_is_an_error_and_changes_nothing(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel = panel_of(meter)
    assert panel.authorise("SETUP", "00000")
    panel.parameter("S V", "V LL")
    panel.number("00081")
    panel.press("right")
    assert panel.bottom.strip() == "Error"
    with meter.bus() as bus:
        assert bus.read(134) == [600]


def test_five_wrong_passwords_lock_the_entry_for_all_clients(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel, other = panel_of(meter), panel_of(meter)
    for _ in range(5):
        assert not panel.authorise("SETUP", "10000")
    assert not panel.authorise("SETUP", "00000") and panel.bottom.strip() == "LoCK"
    assert not other.authorise("SETUP", "00000") and other.bottom.strip() == "LoCK"
    assert "the entry of the setup password is locked" in meter.log
    # each password has its own lock
    assert other.authorise("RESET", "00000")


def test_two_clients_see_the_same_screen(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel, other = panel_of(meter), panel_of(meter)
    for key in ("-", "-", "right", "right", "-", "left"):
        panel.press(key)
        other.press()
        for member in ("top", "place", "top_blink", "bottom_blink"):
            assert other.screen[member] == panel.screen[member]
    assert panel.place == "PHASE/A/W"


def test_energy_is_reset_behind_its_password(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel = panel_of(meter)

    def resets():
        return panel.client.ask("status", parts=["energy"])["energy"]["energy_resets"]

    before = resets()
    assert panel.authorise("RESET", "00000")
    panel.until("right", lambda: panel.place == "RESET/ENERG", "ENERG")
    panel.press("+")
    assert panel.bottom.strip() == "donE"
    assert resets() == before + 1


def test_passwords_count_wherever_they_were_set_and_stand_nowhere(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel = panel_of(meter)
    wait = [os.path.join(BUILD, "dinmeter"), "set", "setup_password", "-", "--socket", meter.control]
    subprocess.run(wait, input="54321\n", text=True, check=True, timeout=60)
    assert not panel.authorise("SETUP", "00000")
    assert panel.authorise("SETUP", "54321")
    panel.parameter("SPASS", "RESET")
    panel.digits("24680")
    panel.save()
    assert panel.authorise("RESET", "24680")
    meter.restart().wait_open()
    panel = panel_of(meter)
    assert not panel.authorise("RESET", "00000")
    assert panel.authorise("RESET", "24680")
    assert not panel.authorise("SETUP", "00000")
    assert panel.authorise("SETUP", "54321")
    status = json.dumps(panel.client.ask("status"))
    assert "the reset password was changed" in meter.log
    for secret in ("54321", "24680"):
        assert secret not in meter.log and secret not in status
        for name in os.listdir(meter.state):
            with open(os.path.join(meter.state, name), "rb") as file:
                assert secret.encode() not in file.read(), name


def test_the_display_shows_what_clients_see_and_says_when_the_meter_has_stopped(daemon, panel_of, tmp_path):
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    seen = b""

    def shows(text):
        nonlocal seen
        try:
            seen += os.read(master, 65536)
        except BlockingIOError:
            pass
        return text in seen.rsplit(b"\x1b[H", 1)[-1]

    meter = daemon("-s", config=f'panel: {{ display = "{os.ttyname(slave)}"; columns = 20; }};\n').wait_open()
    panel = panel_of(meter)
    wait_for(lambda: shows(b"ENRGY"), "the first screen")
    panel.press("-", "-")
    wait_for(lambda: shows(b"3PHAS"), "what was pressed")
    display = panel.client.ask("status", parts=["panel"])["panel"]["display"]
    assert display["working"] and display["name"] == os.ttyname(slave)
    meter.stop()
    wait_for(lambda: shows(b"STOPPED"), "the last word")
    os.close(slave)
    os.close(master)


@pytest.mark.parametrize("line, message", [
    ('display = "lcd";', 'panel.display: got "lcd", must be "" or the path of /dev/lcd or a tty, of at most 127 bytes'),
    ('keys: { plus = "KEY_UPP"; };', 'panel.keys.plus: got "KEY_UPP", must be the name of a key in linux/input-event-codes.h'),
    ('keys: { plus = "KEY_DOWN"; };', 'panel.keys.minus: got "KEY_DOWN", must not be that of panel.keys.plus'),
    ('display = "/dev/ttyS0";', 'panel.display: got "/dev/ttyS0", must not be modbus.device'),
    ('baud = 300;', 'panel.baud: got 300, must be 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200'),
])
def test_a_wrong_key_is_an_error_with_its_line(tmp_path, line, message):
    path = tmp_path / "wrong.conf"
    path.write_text(f"\npanel: {{ {line} }};\n", encoding="utf-8")
    done = subprocess.run([os.path.join(BUILD, "dinmeterd"), "-c", str(path), "-t"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert f"{path}:2: {message}" in done.stderr


def test_rx_is_lit_by_damaged_frames_too(daemon, panel_of):
    meter = daemon("-s").wait_open()
    panel = panel_of(meter)
    wait_for(lambda: not panel.press()["leds"]["rx"], "the bus is quiet")
    with meter.bus() as bus:
        def is_lit():
            bus.send(b"\x01\x03\x00\x00\x00\x01\x00\x00")      # no CRC of it
            leds = panel.press()["leds"]
            return leds["rx"] and leds["error"] and not leds["tx"]
        wait_for(is_lit, "received and damaged are shown")
