"""dinmeter report of a crafted log: its numbers against sums made here from the same entries."""
import datetime
import html.parser
import json
import os
import re
import subprocess

import pytest

from conftest import BUILD, HANG_S, Daemon, wait_for

DINMETER = os.path.join(BUILD, "dinmeter")
CONFIG = 'adc: { source = "sim"; };\n'
# written out, so that no file of time zones is needed: an hour more until the last Sunday of October, 03:00
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"
BEGIN = 1792792800      # 2026-10-23 22:00 UTC: the local midnight of Saturday the 24th
DAYS = (24, 25, 24)     # hours: on Sunday the clock goes back
FREQUENCY, LOW_PF_A = 1 << 6, 1 << 11


def run(*arguments, **environment):
    return subprocess.run([DINMETER, *arguments], capture_output=True, text=True, timeout=HANG_S, check=False,
                          env={**os.environ, "TZ": ZONE, **environment})


def crafted():
    """Entries of three days, each quarter of an hour, hundredths of a kWh; the count passes 2^32 on the first of them."""
    entries, count = [], (1 << 32) - 1000
    for i in range(4 * sum(DAYS) + 1):
        wh = 0 if i == 0 else 100 + i % 7
        count = (count + wh) % (1 << 32)
        entries.append({
            "serial": i + 1, "clock_s": BEGIN + 900 * i, "utc_s": BEGIN + 900 * i, "pointers": [1, 2, 29, 30, 37, 38, 39, 155, 156, 157],
            "words": [count >> 16, count & 0xFFFF, 0, 0, 4 * wh, 50 + i % 11, 4 * wh + 7, 0, 0, 0],
            "scale_i": -2, "scale_v": -1, "scale_w": -2, "scale_e": -2, "alerts": LOW_PF_A if 120 <= i < 124 else 0,
            "energy_resets": 2 if i < 250 else 3, "measured_s": 900})
    return entries


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    one = Daemon(directory, config=CONFIG)
    one.wait_open()
    one.stop()
    state = json.loads(run("export-state", "--state", str(one.state)).stdout)
    state["log"] = crafted()
    state["state"].update({"log_serial": len(state["log"]), "log_entries": len(state["log"]), "log_first_serial": 1})
    (directory / "crafted.json").write_text(json.dumps(state), encoding="utf-8")
    done = run("import-state", "--state", str(one.state), str(directory / "crafted.json"))
    assert done.returncode == 0, done
    one.spawn()
    # the control socket comes after the port
    wait_for(lambda: run("status", "--socket", one.control).returncode == 0, "the control socket answers")
    yield one
    one.stop()


def period():
    return ["--from", "2026-10-24", "--to", "2026-10-27", "--local"]


def report(meter, name, *arguments):
    path = meter.directory / name
    done = run("report", "--socket", meter.control, "-o", str(path), *(arguments or period()))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
    return path


def expected_kwh():
    """By day; the interval that ends in entry 250 has a clearing of the energies in it."""
    days, first = [], 1
    for hours in DAYS:
        days.append(sum(100 + i % 7 for i in range(first, first + 4 * hours) if i != 250) / 100)
        first += 4 * hours
    return days


class Tables(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.cell = [], None

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe"), tag
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.cell = ""

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None


def test_html_has_the_sums_of_the_log_by_local_days(meter):
    text = report(meter, "page.html").read_text(encoding="utf-8")
    tables = Tables()
    tables.feed(text)
    rows = {row[0]: row for row in tables.rows}
    days = expected_kwh()
    for name, kwh, prefix in zip(("2026-10-24", "2026-10-25", "2026-10-26"), days, ("", "", "≥ ")):
        assert rows[name][1] == f"{prefix}{kwh:.2f}"
        assert rows[name][2] == "100.0"
    assert rows["Total"][1] == f"≥ {sum(days):.2f}"
    assert rows["Total"][3:5] == ["4.24", "2026-10-24 01:30"]
    assert (rows["2026-10-24"][9], rows["2026-10-25"][9]) == ("none", "low_pf_a")
    assert rows["power factor of A under 0.5"][1:] == ["1", "4", "1 h 00 min", "2026-10-25 04:45", "2026-10-25 05:45"]
    assert "CEST, UTC+02:00" in text and "CET, UTC+01:00" in text
    assert re.search(r"<b>2026-10-24</b> 01:30</td>", text), "a date is not broken at its hyphens"
    assert "prefers-color-scheme:dark" in text and "http" not in re.sub(r"http-equiv", "", text)


def drawn(text, label):
    """Values that the bars of a diagram stand for, by the labels of its grid."""
    svg = re.search(f'<svg [^>]*aria-label="{label}.*?</svg>', text, re.S)[0]
    grid = re.findall(r'points="44\.00,([\d.]+) 515\.00,[\d.]+"/>\n<text [^>]*text-anchor="end">([\d.]+)</text>', svg)
    (bottom, zero), (top, most) = ([float(number) for number in grid[i]] for i in (0, -1))
    return [zero + (bottom - float(y)) / (bottom - top) * (most - zero) for y in re.findall(r'<rect class="f real" x="[\d.]+" y="([\d.]+)"', svg)
            if bottom - float(y) > 0][0 if label[0] == "E" else 1:]


def test_the_diagrams_show_the_values_of_the_table(meter):
    text = report(meter, "drawn.html").read_text(encoding="utf-8")
    bars = drawn(text, "Energy")
    assert len(bars) == len(DAYS)
    for bar, kwh in zip(bars, expected_kwh()):
        assert abs(bar - kwh) < 0.02 * kwh, (bars, expected_kwh())
    assert abs(max(drawn(text, "Load")) - 4.24) < 0.03


def test_a_zone_that_does_not_change_is_told_once(meter):
    run("report", "--socket", meter.control, "-o", str(meter.directory / "utc.html"), *period(), TZ="UTC")
    assert "local time (UTC, UTC+00:00)<br>" in (meter.directory / "utc.html").read_text(encoding="utf-8")


class Diagram:
    """A diagram of the page, read back by the labels of its own axis."""

    def __init__(self, svg):
        self.boxes = [(ink, *map(float, numbers)) for ink, *numbers in re.findall(
            r'<rect class="f (\w+)" x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"/>', svg)]
        self.lines = [(ink, [tuple(map(float, point.split(","))) for point in points.split()]) for ink, points in re.findall(
            r'<polyline class="l (\w+)"[^>]* points="([^"]+)"', svg)]
        self.right = float(re.search(r'viewBox="0 0 (\S+)', svg)[1])
        ruled = [points[0] for ink, points in self.lines if ink in ("grid", "faint") and points[0][1] == points[-1][1]]
        values = [float(text) for text in re.findall(r'text-anchor="end">([0-9.]+)</text>', svg)]
        if ruled:
            (self.left, self.base), (_, top) = ruled[0], ruled[-1]
            assert values[0] == 0 and len(values) == len(ruled)
            self.unit = (self.base - top) / values[-1]
        else:
            self.left = min(points[0][0] for ink, points in self.lines if ink == "grid")

    def x_of(self, entry):
        return self.left + (self.right - self.left) * entry / (4 * sum(DAYS))

    def value(self, ink, x):
        """Of the step, or of the column, that stands at x."""
        found = [self.base - y0 for name, points in self.lines if name == ink
                 for (x0, y0), (x1, y1) in zip(points, points[1:]) if x0 < x < x1 and y0 == y1]
        found += [height for name, x0, y, width, height in self.boxes
                  if name == ink and x0 < x < x0 + width and abs(y + height - self.base) < 0.02]
        assert len(found) == 1, (ink, x, found)
        return found[0] / self.unit


def test_the_diagrams_show_the_numbers_of_the_log(meter):
    text = report(meter, "drawn.html").read_text(encoding="utf-8")
    profile, energy, alerts = (Diagram(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.S))
    for i in range(1, 4 * sum(DAYS) + 1):
        wh, x = 100 + i % 7, profile.x_of(i - 0.5)
        for ink, hundredths in (("real", 4 * wh), ("reactive", 50 + i % 11), ("apparent", 4 * wh + 7)):
            assert abs(profile.value(ink, x) - hundredths / 100) < 0.01 / profile.unit, (i, ink)
    noon = 0
    for hours, kwh in zip(DAYS, expected_kwh()):
        assert abs(energy.value("real", energy.x_of(4 * noon + 2 * hours)) - kwh) < 0.02 / energy.unit
        noon += hours
    assert sum(ink == "real" for ink, *_ in energy.boxes) == len(DAYS)
    # set at the ends of the intervals 120 to 123
    assert [ink for ink, *_ in alerts.boxes] == ["alert"]
    _, x, _, width, _ = alerts.boxes[0]
    assert abs(x - alerts.x_of(119)) < 0.02 and abs(x + width - alerts.x_of(123)) < 0.02


def test_pdf_is_one_page_of_a4_with_the_same_numbers(meter):
    path = report(meter, "page.PDF")
    info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Pages: +1\n", info) and "A4" in info, info
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    for kwh in expected_kwh():
        assert f"{kwh:.2f}" in text
    assert "2026-10-24 00:00 to 2026-10-27 00:00" in text and "power factor of A under 0.5" in text


def test_a_year_is_one_page_by_months(meter):
    path = report(meter, "year.pdf", "--from", "2026-01-01", "--to", "2027-01-01", "--local")
    assert "Pages:           1" in subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    assert "Energy by month" in text and re.search(r"2026-09 +unknown", text) and f"≥ {sum(expected_kwh()):.2f}" in text


def test_what_cannot_be_is_said_with_its_status(meter):
    where = ["report", "--socket", meter.control]
    out = str(meter.directory / "x.pdf")
    for arguments, status, words in (
            (["-o", out, "--from", "yesterday"], 2, "--from: got 'yesterday', must be"),
            (["-o", out, "--to", "2026-13-01"], 2, "--to: got '2026-13-01', must be"),
            (["-o", out, "--from", "2026-10-27", "--to", "2026-10-24"], 2, "must be ahead of --to"),
            (["-o", "x.txt"], 2, "-o: got 'x.txt', must end in .pdf or .html"),
            ([], 2, "-o is missing"),
            (["-o", out, "--from", "2025-01-01", "--to", "2025-01-08"], 1, "the log has no entry from 2025-01-01 01:00"),
            (["-o", str(meter.directory / "none" / "x.pdf"), *period()], 1, "cannot be written: No such file or directory"),
            (["-o", str(meter.directory / "none" / "x.html"), *period()], 1, "cannot be written: No such file or directory")):
        done = run(*where, *arguments)
        assert (done.returncode, words in done.stderr) == (status, True), (arguments, done)
    assert not os.path.exists(out)
