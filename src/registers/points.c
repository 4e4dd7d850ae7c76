/*
 * The map itself, one line a register; all else derives from it.  The
 * ranges and defaults of the settings stand in metering/settings.h, which checks them.
 */
#include "registers/registers.h"

#include <string.h>

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)
#define OF(member) offsetof(struct snapshot, member)

#define NV true
#define RAM false

#define POINT(n, name_, format_, write_, nv_, units_, scale_, range_, initial_, meaning_, source_, offset_) \
	{ .number = (n), .registers = REGISTER_##format_ >= REGISTER_ULONG ? 2 : 1, .name = (name_), \
	  .format = REGISTER_##format_, .write = REGISTER_##write_, .nv = (nv_), \
	  .units = (units_), .scale = REGISTER_SCALE_##scale_, .range = (range_), .initial = (initial_), \
	  .meaning = (meaning_), .source = REGISTER_##source_, .offset = (offset_) }

#define SETTING(n, which, field, units_, scale_, meaning_) \
	{ .number = (n), .registers = 1, .name = #field, \
	  .format = REGISTER_UINT, .write = REGISTER_SETTING, .nv = true, \
	  .units = (units_), .scale = REGISTER_SCALE_##scale_, \
	  .range = SETTING_##which##_RANGE, .initial = TEXT_OF(SETTING_##which##_DEFAULT), \
	  .meaning = (meaning_), .source = REGISTER_NUMBER, .offset = OF(settings.field), .setting = SETTING_##which }

#define POINTER(n, which, initial_) \
	POINT((n), "log_pointer_" #which, UINT, LOG_POINTER, NV, "", NONE, DATALOG_POINTER_RANGE, initial_, \
	      "Register that log " #which " records; a 32-bit value needs two logs", SHORT, OF(log.pointer[(which) - 1]))

static const struct point points[] = {
	POINT(1, "kwh", ULONG, READ_ONLY, NV, "kWh", E, "0-0xFFFFFFFF", "0",
	      "Real energy consumed, all phases", ENERGY, OF(energies.kwh)),
	POINT(3, "kw", UINT, READ_ONLY, RAM, "kW", W, "0-32767", "",
	      "Real power, sum of the phases", MILLI, OF(readings.p_w)),
	POINT(4, "kvar", UINT, READ_ONLY, RAM, "kVAR", W, "0-32767", "",
	      "Reactive power, sum of the phases", MILLI, OF(readings.q_var)),
	POINT(5, "kva", UINT, READ_ONLY, RAM, "kVA", W, "0-32767", "",
	      "Apparent power of the system", MILLI, OF(readings.s_va)),
	POINT(6, "pf", UINT, READ_ONLY, RAM, "Ratio", TENTH_MILLI, "0-10000", "",
	      "Power factor of the system: kW by kVA", SI, OF(readings.pf)),
	POINT(7, "vll", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Mean of the line-to-line voltages that the system type has", SI, OF(readings.v_ll_avg_v)),
	POINT(8, "vln", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Mean of the line-to-neutral voltages that the system type has", SI, OF(readings.v_ln_avg_v)),
	POINT(9, "amps", UINT, READ_ONLY, RAM, "Amp", I, "0-32767", "",
	      "Mean of the phase currents that the system type has", SI, OF(readings.i_avg_a)),
	POINT(10, "kw_a", UINT, READ_ONLY, RAM, "kW", W, "0-32767", "",
	      "Real power of phase A", MILLI, OF(readings.p_phase_w[PHASE_A])),
	POINT(11, "kw_b", UINT, READ_ONLY, RAM, "kW", W, "0-32767", "",
	      "Real power of phase B", MILLI, OF(readings.p_phase_w[PHASE_B])),
	POINT(12, "kw_c", UINT, READ_ONLY, RAM, "kW", W, "0-32767", "",
	      "Real power of phase C", MILLI, OF(readings.p_phase_w[PHASE_C])),
	POINT(13, "pf_a", UINT, READ_ONLY, RAM, "Ratio", TENTH_MILLI, "0-10000", "",
	      "Power factor of phase A", SI, OF(readings.pf_phase[PHASE_A])),
	POINT(14, "pf_b", UINT, READ_ONLY, RAM, "Ratio", TENTH_MILLI, "0-10000", "",
	      "Power factor of phase B", SI, OF(readings.pf_phase[PHASE_B])),
	POINT(15, "pf_c", UINT, READ_ONLY, RAM, "Ratio", TENTH_MILLI, "0-10000", "",
	      "Power factor of phase C", SI, OF(readings.pf_phase[PHASE_C])),
	POINT(16, "v_ab", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Voltage from A to B", SI, OF(readings.v_ll_v[PAIR_AB])),
	POINT(17, "v_bc", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Voltage from B to C", SI, OF(readings.v_ll_v[PAIR_BC])),
	POINT(18, "v_ac", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Voltage from A to C", SI, OF(readings.v_ll_v[PAIR_AC])),
	POINT(19, "v_an", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Voltage from A to neutral", SI, OF(readings.v_ln_v[PHASE_A])),
	POINT(20, "v_bn", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Voltage from B to neutral", SI, OF(readings.v_ln_v[PHASE_B])),
	POINT(21, "v_cn", UINT, READ_ONLY, RAM, "Volt", V, "0-32767", "",
	      "Voltage from C to neutral", SI, OF(readings.v_ln_v[PHASE_C])),
	POINT(22, "amps_a", UINT, READ_ONLY, RAM, "Amp", I, "0-32767", "",
	      "Current of phase A", SI, OF(readings.i_a[PHASE_A])),
	POINT(23, "amps_b", UINT, READ_ONLY, RAM, "Amp", I, "0-32767", "",
	      "Current of phase B", SI, OF(readings.i_a[PHASE_B])),
	POINT(24, "amps_c", UINT, READ_ONLY, RAM, "Amp", I, "0-32767", "",
	      "Current of phase C", SI, OF(readings.i_a[PHASE_C])),
	POINT(25, "reserved_25", UINT, READ_ONLY, RAM, "", NONE, "0x8000", "",
	      "Not used; always not valid", VOID, 0),
	POINT(26, "hz", UINT, READ_ONLY, RAM, "Hz", CENTI, "4500-6500", "",
	      "Line frequency, from the first of A, B, C with enough voltage", SI, OF(readings.hz)),
	POINT(27, "kvah", ULONG, READ_ONLY, NV, "kVAh", E, "0-0xFFFFFFFF", "0",
	      "Apparent energy consumed", ENERGY, OF(energies.kvah)),
	POINT(29, "kvarh", ULONG, READ_ONLY, NV, "kVARh", E, "0-0xFFFFFFFF", "0",
	      "Reactive energy, magnitude of the total", ENERGY, OF(energies.kvarh)),
	POINT(31, "kva_a", UINT, READ_ONLY, RAM, "kVA", W, "0-32767", "",
	      "Apparent power of phase A", MILLI, OF(readings.s_phase_va[PHASE_A])),
	POINT(32, "kva_b", UINT, READ_ONLY, RAM, "kVA", W, "0-32767", "",
	      "Apparent power of phase B", MILLI, OF(readings.s_phase_va[PHASE_B])),
	POINT(33, "kva_c", UINT, READ_ONLY, RAM, "kVA", W, "0-32767", "",
	      "Apparent power of phase C", MILLI, OF(readings.s_phase_va[PHASE_C])),
	POINT(34, "kvar_a", UINT, READ_ONLY, RAM, "kVAR", W, "0-32767", "",
	      "Reactive power of phase A", MILLI, OF(readings.q_phase_var[PHASE_A])),
	POINT(35, "kvar_b", UINT, READ_ONLY, RAM, "kVAR", W, "0-32767", "",
	      "Reactive power of phase B", MILLI, OF(readings.q_phase_var[PHASE_B])),
	POINT(36, "kvar_c", UINT, READ_ONLY, RAM, "kVAR", W, "0-32767", "",
	      "Reactive power of phase C", MILLI, OF(readings.q_phase_var[PHASE_C])),
	POINT(37, "kw_demand", UINT, READ_ONLY, RAM, "kW", W, "0-32767", "",
	      "Real power demand, present", MILLI, OF(demand.present[DEMAND_P])),
	POINT(38, "kvar_demand", UINT, READ_ONLY, RAM, "kVAR", W, "0-32767", "",
	      "Reactive power demand, present", MILLI, OF(demand.present[DEMAND_Q])),
	POINT(39, "kva_demand", UINT, READ_ONLY, RAM, "kVA", W, "0-32767", "",
	      "Apparent power demand, present", MILLI, OF(demand.present[DEMAND_S])),
	POINT(40, "kw_max_demand", UINT, READ_ONLY, NV, "kW", W, "0-32767", "",
	      "Real power demand, highest since its reset", MILLI, OF(demand.max[DEMAND_P])),
	POINT(41, "kvar_max_demand", UINT, READ_ONLY, NV, "kVAR", W, "0-32767", "",
	      "Reactive power demand, highest since its reset", MILLI, OF(demand.max[DEMAND_Q])),
	POINT(42, "kva_max_demand", UINT, READ_ONLY, NV, "kVA", W, "0-32767", "",
	      "Apparent power demand, highest since its reset", MILLI, OF(demand.max[DEMAND_S])),
	POINT(43, "pulses_1", ULONG, READ_ONLY, NV, "count", NONE, "0-0xFFFFFFFF", "0",
	      "Closures of the energy contact", COUNTER, OF(pulses[0])),
	POINT(45, "pulses_2", ULONG, READ_ONLY, NV, "count", NONE, "0-0xFFFFFFFF", "0",
	      "Closures due on the reactive energy contact", COUNTER, OF(pulses[1])),
	POINT(47, "kwh_a", ULONG, READ_ONLY, NV, "kWh", E, "0-0xFFFFFFFF", "0",
	      "Real energy consumed, phase A", ENERGY_PHASE, OF(energies.kwh_phase[PHASE_A])),
	POINT(49, "kwh_b", ULONG, READ_ONLY, NV, "kWh", E, "0-0xFFFFFFFF", "0",
	      "Real energy consumed, phase B", ENERGY_PHASE, OF(energies.kwh_phase[PHASE_B])),
	POINT(51, "kwh_c", ULONG, READ_ONLY, NV, "kWh", E, "0-0xFFFFFFFF", "0",
	      "Real energy consumed, phase C", ENERGY_PHASE, OF(energies.kwh_phase[PHASE_C])),
	POINT(129, "command", UINT, COMMAND, RAM, "", NONE, "30078,21211,21212,16498,16640", "reads 0",
	      "Commands: 30078 clears the energies, 21211 ends the demand sub-interval, 21212 sets the maximum "
	      "demands to the present ones, 16498 clears the pulse counters, 16640 clears the data log; reads 0", ZERO, 0),
	SETTING(130, SYSTEM_TYPE, system_type, "", NONE,
	      "Wiring: 10 = A and neutral, 11 = A and B, 12 = A, B and neutral, 31 = three-phase delta, 40 = "
	      "three-phase wye with neutral"),
	SETTING(131, CT_PRIMARY, ct_primary, "Amps", NONE,
	      "Rated primary current of the current transformers"),
	SETTING(132, CT_SECONDARY, ct_secondary, "", NONE,
	      "Output of the current transformers at rated current: 1 = 1 V, 3 = 1/3 V"),
	SETTING(133, PT_RATIO, pt_ratio, "", CENTI,
	      "Ratio of the voltage transformers; to be written ahead of 134"),
	SETTING(134, SYSTEM_VOLTAGE, system_voltage, "Volt", NONE,
	      "Nominal voltage, line to line, with type 10 line to neutral; 82 to 660 V after division by the PT "
	      "ratio"),
	POINT(135, "max_power", UINT, READ_ONLY, NV, "kW", W, "1-32767", "10392",
	      "Power at nominal voltage and rated current, from 130, 131 and 134", NUMBER, OF(derived.max_power)),
	POINT(136, "reserved_136", UINT, READ_ONLY, RAM, "", NONE, "0", "0",
	      "Not used; reads 0", ZERO, 0),
	SETTING(137, DISPLAY_UNITS, display_units, "", NONE,
	      "Names on the display: 0 = IEC (U, P, Q, S), 1 = IEEE (V, W, VAR, VA)"),
	POINT(138, "scale_i", SINT, READ_ONLY, RAM, "", NONE, "-4..4", "",
	      "Power of ten of the integer currents", NUMBER, OF(derived.scale_i)),
	POINT(139, "scale_v", SINT, READ_ONLY, RAM, "", NONE, "-4..4", "",
	      "Power of ten of the integer voltages", NUMBER, OF(derived.scale_v)),
	POINT(140, "scale_w", SINT, READ_ONLY, RAM, "", NONE, "-4..4", "",
	      "Power of ten of the integer powers and demands", NUMBER, OF(derived.scale_w)),
	POINT(141, "scale_e", SINT, READ_ONLY, RAM, "", NONE, "-4..4", "",
	      "Power of ten of the integer energies", NUMBER, OF(derived.scale_e)),
	SETTING(142, PHASE_LOSS_VOLTAGE, phase_loss_voltage, "%", NONE,
	      "Threshold of the phase loss alert, in percent of nominal voltage"),
	SETTING(143, PHASE_LOSS_IMBALANCE, phase_loss_imbalance, "%", NONE,
	      "Distance below the highest phase that counts as phase loss"),
	SETTING(144, PULSE_ENERGY, pulse_energy, "Wh", NONE,
	      "Energy of one contact closure (Wh, VARh); refused when no closure time of 145 is short enough for "
	      "135"),
	POINT(145, "pulse_duration", UINT, READ_ONLY, NV, "ms", NONE, "500,250,100,50,25,10", "500",
	      "Closure time of the contact: the longest that keeps pace with 135", NUMBER, OF(derived.pulse_duration_ms)),
	POINT(146, "alerts", UINT, READ_ONLY, RAM, "bitmap", NONE, "0-0xFFFF", "",
	      "Alerts, one bit each: 0-2 voltage of A, B, C too high; 3-5 current of A, B, C too high; 6 no "
	      "frequency within 45-65 Hz; 8-10 phase loss on A, B, C; 11-13 power factor of A, B, C under 0.5; 14 "
	      "pulses in arrears; 15 pulse energy too small for 135", NUMBER, OF(alerts)),
	POINT(147, "energy_resets", UINT, READ_ONLY, NV, "count", NONE, "0-32767", "0",
	      "How often the energies were cleared; 0 follows 32767", NUMBER, OF(energy_resets)),
	POINT(148, "reserved_148", UINT, READ_ONLY, RAM, "", NONE, "0", "0",
	      "Not used; reads 0", ZERO, 0),
	SETTING(149, DEMAND_SUBINTERVALS, demand_subintervals, "", NONE,
	      "Sub-intervals that one demand interval spans; 1 = block demand"),
	SETTING(150, DEMAND_SUBINTERVAL_S, demand_subinterval_s, "Seconds", NONE,
	      "Length of a sub-interval; 0 = each ends at command 21211"),
	POINT(151, "reserved_151", UINT, IGNORED, RAM, "", NONE, "1-32767", "0",
	      "Not used; reads 0 whatever is written", ZERO, 0),
	POINT(152, "power_ups", UINT, POWER_UPS, NV, "count", NONE, "0-32767", "0",
	      "Starts of the meter; 0 follows 32767", NUMBER, OF(power_ups)),
	POINT(153, "output_config", UINT, READ_ONLY, NV, "", NONE, "0-32767", "0",
	      "Use of the third output: 0 = none but RS-485, 2 = reactive energy contact", NUMBER, OF(output_config)),
	POINT(154, "reserved_154", UINT, READ_ONLY, RAM, "", NONE, "0", "0",
	      "Not used; reads 0", ZERO, 0),
	POINT(155, "log_clock_day_month", UINT, LOG_CLOCK, NV, "", NONE, "", "",
	      "Clock of the log: day 1-31 in the upper byte, month 1-12 in the lower", DAY_MONTH, OF(log_clock_s)),
	POINT(156, "log_clock_hour_year", UINT, LOG_CLOCK, NV, "", NONE, "", "",
	      "Clock of the log: hour 0-23 in the upper byte, years since 2000, 0-199, in the lower", HOUR_YEAR, OF(log_clock_s)),
	POINT(157, "log_clock_second_minute", UINT, LOG_CLOCK, NV, "", NONE, "", "",
	      "Clock of the log: second 0-59 in the upper byte, minute 0-59 in the lower", SECOND_MINUTE, OF(log_clock_s)),
	POINT(158, "log_read_page", UINT, LOG_READ, NV, "", NONE, DATALOG_PAGE_RANGE, "0",
	      "Log shown from 8000 on, 1-10; logging waits meanwhile; 0 = none, logging goes on", NUMBER, OF(log.page)),
	POINT(159, "log_config", UINT, LOG_CONFIG, NV, "", NONE, DATALOG_CONFIG_RANGE, "0",
	      "Bit 0: stop when full instead of overwriting; bit 1: logging halted", NUMBER, OF(log.config)),
	POINT(160, "log_status", UINT, READ_ONLY, NV, "", NONE, "", "0",
	      "Bits: 0 full, 1 entry delayed by a reader, 2 entry written under a reader; in the last sub-interval: 3 "
	      "cleared, 4 interrupted, 5 clock set", NUMBER, OF(log.status)),
	POINT(161, "log_wraps", UINT, READ_ONLY, NV, "", NONE, "", "0",
	      "How often the log was overwritten from its start, or, when it stops when full, entries missed; stays at 32767",
	      NUMBER, OF(log.wraps)),
	POINT(162, "log_max_days", UINT, READ_ONLY, NV, "", NONE, "", "60",
	      "Days that fit the log at the present sub-interval", NUMBER, OF(log_max_days)),
	POINT(163, "log_entries", UINT, READ_ONLY, NV, "", NONE, "", "0",
	      "Entries since the log was cleared or began anew", NUMBER, OF(log.entries)),
	POINT(164, "log_kwh_start", ULONG, READ_ONLY, NV, "kWh", E, "", "0",
	      "Real energy (register 1) when the log began", ENERGY, OF(log.kwh_start)),
	POINT(166, "log_newest_day_month", UINT, READ_ONLY, NV, "", NONE, "", "",
	      "Day and month of the newest entry, as in 155", DAY_MONTH, OF(log.newest_clock_s)),
	POINT(167, "log_newest_hour_year", UINT, READ_ONLY, NV, "", NONE, "", "",
	      "Hour and year of the newest entry, as in 156", HOUR_YEAR, OF(log.newest_clock_s)),
	POINT(168, "log_newest_second_minute", UINT, READ_ONLY, NV, "", NONE, "", "",
	      "Second and minute of the newest entry, as in 157", SECOND_MINUTE, OF(log.newest_clock_s)),
	POINTER(169, 1, "1"),
	POINTER(170, 2, "2"),
	POINTER(171, 3, "29"),
	POINTER(172, 4, "30"),
	POINTER(173, 5, "37"),
	POINTER(174, 6, "38"),
	POINTER(175, 7, "39"),
	POINTER(176, 8, "155"),
	POINTER(177, 9, "156"),
	POINTER(178, 10, "157"),
	POINT(257, "kwh", FLOAT, READ_ONLY, NV, "kWh", NONE, "", "",
	      "Real energy consumed, all phases", ENERGY, OF(energies.kwh)),
	POINT(259, "kwh_2", FLOAT, READ_ONLY, NV, "kWh", NONE, "", "",
	      "Real energy consumed, once more", ENERGY, OF(energies.kwh)),
	POINT(261, "kw", FLOAT, READ_ONLY, RAM, "kW", NONE, "", "",
	      "Real power, sum of the phases", MILLI, OF(readings.p_w)),
	POINT(263, "kvar", FLOAT, READ_ONLY, RAM, "kVAR", NONE, "", "",
	      "Reactive power, sum of the phases", MILLI, OF(readings.q_var)),
	POINT(265, "kva", FLOAT, READ_ONLY, RAM, "kVA", NONE, "", "",
	      "Apparent power of the system", MILLI, OF(readings.s_va)),
	POINT(267, "pf", FLOAT, READ_ONLY, RAM, "Ratio", NONE, "0.0-1.0", "",
	      "Power factor of the system: kW by kVA", SI, OF(readings.pf)),
	POINT(269, "vll", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Mean of the line-to-line voltages that the system type has", SI, OF(readings.v_ll_avg_v)),
	POINT(271, "vln", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Mean of the line-to-neutral voltages that the system type has", SI, OF(readings.v_ln_avg_v)),
	POINT(273, "amps", FLOAT, READ_ONLY, RAM, "Amp", NONE, "", "",
	      "Mean of the phase currents that the system type has", SI, OF(readings.i_avg_a)),
	POINT(275, "kw_a", FLOAT, READ_ONLY, RAM, "kW", NONE, "", "",
	      "Real power of phase A", MILLI, OF(readings.p_phase_w[PHASE_A])),
	POINT(277, "kw_b", FLOAT, READ_ONLY, RAM, "kW", NONE, "", "",
	      "Real power of phase B", MILLI, OF(readings.p_phase_w[PHASE_B])),
	POINT(279, "kw_c", FLOAT, READ_ONLY, RAM, "kW", NONE, "", "",
	      "Real power of phase C", MILLI, OF(readings.p_phase_w[PHASE_C])),
	POINT(281, "pf_a", FLOAT, READ_ONLY, RAM, "Ratio", NONE, "0.0-1.0", "",
	      "Power factor of phase A", SI, OF(readings.pf_phase[PHASE_A])),
	POINT(283, "pf_b", FLOAT, READ_ONLY, RAM, "Ratio", NONE, "0.0-1.0", "",
	      "Power factor of phase B", SI, OF(readings.pf_phase[PHASE_B])),
	POINT(285, "pf_c", FLOAT, READ_ONLY, RAM, "Ratio", NONE, "0.0-1.0", "",
	      "Power factor of phase C", SI, OF(readings.pf_phase[PHASE_C])),
	POINT(287, "v_ab", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Voltage from A to B", SI, OF(readings.v_ll_v[PAIR_AB])),
	POINT(289, "v_bc", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Voltage from B to C", SI, OF(readings.v_ll_v[PAIR_BC])),
	POINT(291, "v_ac", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Voltage from A to C", SI, OF(readings.v_ll_v[PAIR_AC])),
	POINT(293, "v_an", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Voltage from A to neutral", SI, OF(readings.v_ln_v[PHASE_A])),
	POINT(295, "v_bn", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Voltage from B to neutral", SI, OF(readings.v_ln_v[PHASE_B])),
	POINT(297, "v_cn", FLOAT, READ_ONLY, RAM, "Volt", NONE, "", "",
	      "Voltage from C to neutral", SI, OF(readings.v_ln_v[PHASE_C])),
	POINT(299, "amps_a", FLOAT, READ_ONLY, RAM, "Amp", NONE, "", "",
	      "Current of phase A", SI, OF(readings.i_a[PHASE_A])),
	POINT(301, "amps_b", FLOAT, READ_ONLY, RAM, "Amp", NONE, "", "",
	      "Current of phase B", SI, OF(readings.i_a[PHASE_B])),
	POINT(303, "amps_c", FLOAT, READ_ONLY, RAM, "Amp", NONE, "", "",
	      "Current of phase C", SI, OF(readings.i_a[PHASE_C])),
	POINT(305, "reserved_305", FLOAT, READ_ONLY, RAM, "", NONE, "0x7FC00000", "",
	      "Not used; always not valid", VOID, 0),
	POINT(307, "hz", FLOAT, READ_ONLY, RAM, "Hz", NONE, "45.0-65.0", "",
	      "Line frequency, from the first of A, B, C with enough voltage", SI, OF(readings.hz)),
	POINT(309, "kvah", FLOAT, READ_ONLY, NV, "kVAh", NONE, "", "0",
	      "Apparent energy consumed", ENERGY, OF(energies.kvah)),
	POINT(311, "kvarh", FLOAT, READ_ONLY, NV, "kVARh", NONE, "", "0",
	      "Reactive energy, magnitude of the total", ENERGY, OF(energies.kvarh)),
	POINT(313, "kva_a", FLOAT, READ_ONLY, RAM, "kVA", NONE, "", "",
	      "Apparent power of phase A", MILLI, OF(readings.s_phase_va[PHASE_A])),
	POINT(315, "kva_b", FLOAT, READ_ONLY, RAM, "kVA", NONE, "", "",
	      "Apparent power of phase B", MILLI, OF(readings.s_phase_va[PHASE_B])),
	POINT(317, "kva_c", FLOAT, READ_ONLY, RAM, "kVA", NONE, "", "",
	      "Apparent power of phase C", MILLI, OF(readings.s_phase_va[PHASE_C])),
	POINT(319, "kvar_a", FLOAT, READ_ONLY, RAM, "kVAR", NONE, "", "",
	      "Reactive power of phase A", MILLI, OF(readings.q_phase_var[PHASE_A])),
	POINT(321, "kvar_b", FLOAT, READ_ONLY, RAM, "kVAR", NONE, "", "",
	      "Reactive power of phase B", MILLI, OF(readings.q_phase_var[PHASE_B])),
	POINT(323, "kvar_c", FLOAT, READ_ONLY, RAM, "kVAR", NONE, "", "",
	      "Reactive power of phase C", MILLI, OF(readings.q_phase_var[PHASE_C])),
	POINT(325, "kw_demand", FLOAT, READ_ONLY, RAM, "kW", NONE, "", "",
	      "Real power demand, present", MILLI, OF(demand.present[DEMAND_P])),
	POINT(327, "kvar_demand", FLOAT, READ_ONLY, RAM, "kVAR", NONE, "", "",
	      "Reactive power demand, present", MILLI, OF(demand.present[DEMAND_Q])),
	POINT(329, "kva_demand", FLOAT, READ_ONLY, NV, "kVA", NONE, "", "",
	      "Apparent power demand, present", MILLI, OF(demand.present[DEMAND_S])),
	POINT(331, "kw_max_demand", FLOAT, READ_ONLY, NV, "kW", NONE, "", "",
	      "Real power demand, highest since its reset", MILLI, OF(demand.max[DEMAND_P])),
	POINT(333, "kvar_max_demand", FLOAT, READ_ONLY, NV, "kVAR", NONE, "", "",
	      "Reactive power demand, highest since its reset", MILLI, OF(demand.max[DEMAND_Q])),
	POINT(335, "kva_max_demand", FLOAT, READ_ONLY, NV, "kVA", NONE, "", "",
	      "Apparent power demand, highest since its reset", MILLI, OF(demand.max[DEMAND_S])),
	POINT(337, "pulses_1", FLOAT, READ_ONLY, RAM, "count", NONE, "0-4294967040", "",
	      "Closures of the energy contact", COUNTER, OF(pulses[0])),
	POINT(339, "pulses_2", FLOAT, READ_ONLY, RAM, "count", NONE, "0-4294967040", "",
	      "Closures due on the reactive energy contact", COUNTER, OF(pulses[1])),
	POINT(341, "kwh_a", FLOAT, READ_ONLY, NV, "kWh", NONE, "", "0",
	      "Real energy consumed, phase A", ENERGY_PHASE, OF(energies.kwh_phase[PHASE_A])),
	POINT(343, "kwh_b", FLOAT, READ_ONLY, NV, "kWh", NONE, "", "0",
	      "Real energy consumed, phase B", ENERGY_PHASE, OF(energies.kwh_phase[PHASE_B])),
	POINT(345, "kwh_c", FLOAT, READ_ONLY, NV, "kWh", NONE, "", "0",
	      "Real energy consumed, phase C", ENERGY_PHASE, OF(energies.kwh_phase[PHASE_C])),
	POINT(7001, "firmware_version", UINT, READ_ONLY, RAM, "", NONE, "", "",
	      "Version of the firmware: 12345 is V12.345", NUMBER, OF(firmware_version)),
	{ .number = 8000, .registers = DATALOG_ENTRIES, .name = "log_page", .format = REGISTER_UINT, .nv = true,
	  .units = "", .range = "", .initial = "0x8000",
	  .meaning = "Entries of the log chosen by 158, the newest at 8000; 0x8000 where there is none",
	  .source = REGISTER_LOG_PAGE, .offset = OF(log_page) },
};

#define POINTS (sizeof(points) / sizeof(points[0]))

const struct point *registers_points(size_t *n)
{
	*n = POINTS;
	return points;
}

const struct point *registers_find(unsigned number)
{
	for (size_t i = 0; i < POINTS; i++)
		if (number >= points[i].number && number - points[i].number < points[i].registers)
			return &points[i];
	return NULL;
}

const struct point *registers_find_name(const char *name, const struct point *after)
{
	for (size_t i = after != NULL ? (size_t)(after - points) + 1 : 0; i < POINTS; i++)
		if (!strcmp(points[i].name, name))
			return &points[i];
	return NULL;
}

const char *registers_access(const struct point *point)
{
	return point->write == REGISTER_READ_ONLY ? "R" : "R/W";
}

const char *registers_format(const struct point *point)
{
	static const char *const words[] = {
		[REGISTER_UINT] = "UInt", [REGISTER_SINT] = "SInt", [REGISTER_ULONG] = "ULong", [REGISTER_FLOAT] = "Float",
	};

	return words[point->format];
}

const char *registers_scale(const struct point *point)
{
	static const char *const words[] = {
		[REGISTER_SCALE_NONE] = "", [REGISTER_SCALE_CENTI] = "0.01", [REGISTER_SCALE_TENTH_MILLI] = "0.0001",
		[REGISTER_SCALE_I] = "I", [REGISTER_SCALE_V] = "V", [REGISTER_SCALE_W] = "W", [REGISTER_SCALE_E] = "E",
	};

	return words[point->scale];
}
