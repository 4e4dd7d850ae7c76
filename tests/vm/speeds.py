#!/usr/bin/env python3
"""speeds.py TRACE WANTED - compares the settings of a UART that QEMU has traced with those that a port was told.

The file WANTED has a line "BAUD PARITY DATA STOP" for each.  In the trace they stand between two marks that the other end made, settings of 50 and
75 baud; the other end's own 115200 baud is left out, and what a UART stands at only between two register writes of one setting.  Prints a
line "ok" or "FAIL".  Exit status: 0 or 1.
"""
import re
import sys

LINE = re.compile(r"@(\d+\.\d+):serial_update_parameters baudrate=(\d+) parity='(.)' data=(\d) stop=(\d)")
PASSING_S = 0.2         # settings between are over by then, on a busy host too; those of the port are held for longer
MARKS = "50", "75"


def main():
    with open(sys.argv[2], encoding="ascii") as file:
        wanted = [tuple(line.split()) for line in file]
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        lines = [(float(m[1]), m.groups()[1:]) for m in map(LINE.search, file) if m]
    marks = [next((n for n, (_, setting) in enumerate(lines) if setting[0] == mark), None) for mark in MARKS]
    seen = []
    if None not in marks:
        between = [line for line in lines[marks[0] + 1:marks[1] + 1] if line[1][0] not in (*MARKS, "49", "115200")]
        for (begin, setting), (end, _) in zip(between, between[1:]):
            if end - begin > PASSING_S and setting != (seen or [None])[-1]:
                seen.append(setting)
    holds = seen == wanted and len(wanted) > 10
    print(f"{'ok  ' if holds else 'FAIL'} the UART was set to what the port was told, {len(wanted)} speeds and parities, as the emulator traces it")
    if not holds:
        print(f"     wanted {[' '.join(w) for w in wanted]}\n     traced {[' '.join(s) for s in seen]} of {len(lines)} lines")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
