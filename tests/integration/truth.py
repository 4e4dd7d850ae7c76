"""What a meter must show, worked out from the wave itself: nothing here comes from the program."""
import cmath
import math

# name: (first register, registers, format, scale) of all that can be read.  Integers by number, floats from 257 on.
PHASES = "abc"
PAIRS = ("ab", "bc", "ac")
NAN = math.nan

INTEGERS = {
    "kwh": (1, "E"), "kw": (3, "W"), "kvar": (4, "W"), "kva": (5, "W"), "pf": (6, -4), "vll": (7, "V"), "vln": (8, "V"),
    "amps": (9, "I"), "kw_a": (10, "W"), "kw_b": (11, "W"), "kw_c": (12, "W"), "pf_a": (13, -4), "pf_b": (14, -4),
    "pf_c": (15, -4), "v_ab": (16, "V"), "v_bc": (17, "V"), "v_ac": (18, "V"), "v_an": (19, "V"), "v_bn": (20, "V"),
    "v_cn": (21, "V"), "amps_a": (22, "I"), "amps_b": (23, "I"), "amps_c": (24, "I"), "hz": (26, -2), "kvah": (27, "E"),
    "kvarh": (29, "E"), "kva_a": (31, "W"), "kva_b": (32, "W"), "kva_c": (33, "W"), "kvar_a": (34, "W"),
    "kvar_b": (35, "W"), "kvar_c": (36, "W"), "kw_demand": (37, "W"), "kvar_demand": (38, "W"), "kva_demand": (39, "W"),
    "kw_max_demand": (40, "W"), "kvar_max_demand": (41, "W"), "kva_max_demand": (42, "W"), "kwh_a": (47, "E"),
    "kwh_b": (49, "E"), "kwh_c": (51, "E"),
}
LONGS = {"kwh", "kvah", "kvarh", "kwh_a", "kwh_b", "kwh_c"}
FLOATS = {
    "kwh": 257, "kwh_2": 259, "kw": 261, "kvar": 263, "kva": 265, "pf": 267, "vll": 269, "vln": 271, "amps": 273,
    "kw_a": 275, "kw_b": 277, "kw_c": 279, "pf_a": 281, "pf_b": 283, "pf_c": 285, "v_ab": 287, "v_bc": 289, "v_ac": 291,
    "v_an": 293, "v_bn": 295, "v_cn": 297, "amps_a": 299, "amps_b": 301, "amps_c": 303, "hz": 307, "kvah": 309,
    "kvarh": 311, "kva_a": 313, "kva_b": 315, "kva_c": 317, "kvar_a": 319, "kvar_b": 321, "kvar_c": 323,
    "kw_demand": 325, "kvar_demand": 327, "kva_demand": 329, "kw_max_demand": 331, "kvar_max_demand": 333,
    "kva_max_demand": 335, "pulses_1": 337, "pulses_2": 339, "kwh_a": 341, "kwh_b": 343, "kwh_c": 345,
}
# By code: line-to-line voltages, line-to-neutral voltages, phases with a current.
TYPES = {
    10: ((), "a", "a"),
    11: (("ab",), "", "a"),
    12: (("ab",), "ab", "ab"),
    31: (PAIRS, "", "abc"),
    40: (PAIRS, "abc", "abc"),
}


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else NAN


def quantities(system_type, v=277.0, i=50.0, hz=60.0, pf=0.9):
    """Instantaneous quantities of a symmetrical sine-wave load, in the units of the float registers."""
    pairs, neutrals, phases = TYPES[system_type]
    v_phase = {p: cmath.rect(v, -2 * math.pi / 3 * n) for n, p in enumerate(PHASES)}
    i_phase = {p: cmath.rect(i, -2 * math.pi / 3 * n - math.acos(pf)) for n, p in enumerate(PHASES)}
    truth = {"hz": hz}
    s_of = {}
    for phase in PHASES:
        truth[f"v_{phase}n"] = abs(v_phase[phase]) if phase in neutrals else NAN
        truth[f"amps_{phase}"] = i if phase in phases else NAN
        across = v_phase["a"] - v_phase["b"] if system_type == 11 else v_phase[phase]
        s = across * i_phase[phase].conjugate() / 1000
        if phase in phases:
            s_of[phase] = s
        truth[f"kw_{phase}"] = abs(s.real) if phase in phases else NAN
        truth[f"kvar_{phase}"] = s.imag if phase in phases else NAN
        truth[f"kva_{phase}"] = abs(s) if phase in phases else NAN
        truth[f"pf_{phase}"] = abs(s.real) / abs(s) if phase in phases else NAN
    for pair in PAIRS:
        truth[f"v_{pair}"] = abs(v_phase[pair[0]] - v_phase[pair[1]]) if pair in pairs else NAN
    total = sum(s_of.values())
    truth.update(kw=total.real, kvar=abs(total.imag), kva=abs(total), pf=total.real / abs(total))
    truth["vll"] = mean(truth[f"v_{pair}"] for pair in pairs)
    truth["vln"] = mean(truth[f"v_{phase}n"] for phase in neutrals)
    truth["amps"] = mean(truth[f"amps_{phase}"] for phase in phases)
    return truth


def smallest_exponent(full_scale):
    return next(e for e in range(-4, 5) if full_scale <= 32767 * 10.0 ** e * (1 + 1e-12))


def derived(system_type=40, ct_primary=100, pt_ratio=100, system_voltage=600, pulse_energy=1000, **_):
    """Registers 135, 138-141, 145 and bit 15 of 146 that follow from the settings."""
    power_w = system_voltage * ct_primary * (math.sqrt(3) if system_type in (31, 40) else 1)
    scale_i = smallest_exponent(1.2 * ct_primary)
    scale_v = smallest_exponent(1.2 * max(system_voltage, 600 * pt_ratio / 100))
    scale_w = smallest_exponent(1.44 * power_w / 1000)
    kept_up = [ms for ms in (500, 250, 100, 50, 25, 10) if 1800000 * pulse_energy / ms >= power_w]
    return {
        "max_power": round(power_w / 1000 / 10.0 ** scale_w), "scale_i": scale_i, "scale_v": scale_v, "scale_w": scale_w,
        "scale_e": scale_w, "pulse_duration": kept_up[0] if kept_up else 10, "unserved": not kept_up,
    }
