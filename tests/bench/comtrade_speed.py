#!/usr/bin/env python3
"""How many times faster than real time `dinmeter analyze` is, on one core.

usage: comtrade_speed.py [PATH-OF-DINMETER [SECONDS-OF-RECORDING]]

Writes recordings of three sine waves at 2520 samples a second and prints the processor time that each takes.
"""
import math
import os
import resource
import struct
import subprocess
import sys
import tempfile

RATE = 2520
AIMS = {"BINARY": 2000, "BINARY32": 2000, "FLOAT32": 2000, "ASCII": 500}


def write(directory, fmt, seconds):
    lines = ["station,device,2013", "6,6A,0D"]
    for c in range(6):
        lines.append(f"{c + 1},{'VI'[c // 3]}{'ABC'[c % 3]},{'ABC'[c % 3]},,{'VA'[c // 3]},0.01,0,0,-32767,32767,1,1,P")
    lines += ["60", "1", f"{RATE},{RATE * seconds}"] + ["01/02/2020,03:04:05.000000"] * 2 + [fmt, "1", "0,0", "0,0", ""]
    second = [[round(30000 * math.cos(2 * math.pi * (60 * k / RATE - c / 3))) for c in range(6)] for k in range(RATE)]
    path = os.path.join(directory, fmt)
    with open(path + ".cfg", "w", encoding="ascii") as out:
        out.write("\r\n".join(lines))
    pack = {"BINARY": "<II6h", "BINARY32": "<II6i", "FLOAT32": "<II6f"}.get(fmt)
    with open(path + ".dat", "wb") as out:
        for k in range(seconds * RATE):
            stamp = round(k * 1e6 / RATE)
            if pack:
                out.write(struct.pack(pack, k + 1, stamp & 0xffffffff, *second[k % RATE]))
            else:
                out.write((",".join(map(str, [k + 1, stamp, *second[k % RATE]])) + "\r\n").encode())
    return path + ".cfg"


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "./dinmeter"
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    print(f"{'format':10}{'seconds of data':>16}{'of processor':>14}{'ratio':>10}{'aim':>8}")
    with tempfile.TemporaryDirectory() as directory:
        for fmt, aim in AIMS.items():
            path = write(directory, fmt, seconds)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([program, "analyze", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{fmt:10}{seconds:>16}{used:>14.4f}{seconds / used:>10.0f}{aim:>8}")


if __name__ == "__main__":
    main()
