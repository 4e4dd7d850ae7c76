/* What is wrong with a recording is said with file, line and what was expected: the exact text for each bad file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adc/comtrade_open.h"
#include "daemon/log.h"
#include "lib/check_main.h"
#include "lib/recording.h"

static char directory[] = "/tmp/comtrade-XXXXXX";

#define CHANNELS \
	"1,VA,A,,V,0.1,0,0,-32767,32767,1,1,P\n" \
	"2,VB,B,,V,0.1,0,0,-32767,32767,1,1,P\n" \
	"3,VC,C,,V,0.1,0,0,-32767,32767,1,1,P\n" \
	"4,IA,A,,A,0.1,0,0,-32767,32767,1,1,P\n" \
	"5,IB,B,,A,0.1,0,0,-32767,32767,1,1,P\n" \
	"6,IC,C,,A,0.1,0,0,-32767,32767,1,1,P\n"
#define HEAD "station,device,1999\n7,6A,1D\n" CHANNELS "1,S1,,,0\n60\n"
#define TIMES "01/01/2020,00:00:00.000000\n01/01/2020,00:00:00.000000\n"
#define TAIL TIMES "ASCII\n1\n"
#define CFG HEAD "1\n2520,3\n" TAIL
#define STAMPED HEAD "0\n0,6\n" TAIL
#define DAT "1,0,1,2,3,4,5,6,0\n2,397,1,2,3,4,5,6,0\n3,794,1,2,3,4,5,6,0\n"

static const char A_STATUS_LINE_TOO_FEW[] = "station,device,1999\n8,6A,2D\n" CHANNELS "1,S1,,,0\n60\n1\n2520,3\n" TAIL;

static const struct {
	const char *cfg, *dat;		/* dat NULL: no such file */
	const char *message;
} cases[] = {
	/* the configuration, from its first line to its last */
	{ "", DAT, "t.cfg:1: the file ends, expected the station line 'station,device,year'" },
	{ "\n\n\r\n", DAT, "t.cfg:4: the file ends, expected the station line 'station,device,year'" },
	{ "station\n", DAT, "t.cfg:2: the file ends, expected the channel counts 'total,NA,ND'" },
	{ "station,device,soon\n", DAT, "t.cfg:1: revision year: got 'soon', must be 1991, 1999 or 2013" },
	{ "station,device,12\n", DAT, "t.cfg:1: revision year: got '12', must be 1991, 1999 or 2013" },
	{ "station,device,1999\n", DAT, "t.cfg:2: the file ends, expected the channel counts 'total,NA,ND'" },
	{ "station,device,1999\nmany\n", DAT, "t.cfg:2: got 'many', expected the channel counts 'total,NA,ND'" },
	{ "station,device,1999\n7,6X,1D\n", DAT, "t.cfg:2: got '7,6X,1D', expected the channel counts 'total,NA,ND'" },
	{ "station,device,1999\n7,-6A,1D\n", DAT, "t.cfg:2: got '7,-6A,1D', expected the channel counts 'total,NA,ND'" },
	{ "station,device,1999\n9999999999,9999999999A,0D\n", DAT,
	  "t.cfg:2: got '9999999999,9999999999A,0D', expected the channel counts 'total,NA,ND'" },
	{ "station,device,1999\n9,6A,1D\n", DAT,
	  "t.cfg:2: got 9 channels in all, expected 7, the sum of 6 analog and 1 status" },
	{ "station,device,1999\n1,0A,1D\n", DAT, "t.cfg:2: no analog channels, expected voltages and currents" },
	{ "station,device,1999\n7,6A,1D\n1,VA,A,,V\n", DAT,
	  "t.cfg:3: got '1,VA,A,,V', expected an analog channel 'n,name,phase,component,unit,a,b,...'" },
	{ "station,device,1999\n7,6A,1D\n1,VA,A,,V,x,0,0\n", DAT, "t.cfg:3: channel 'VA': multiplier a: got 'x', expected a number" },
	{ "station,device,1999\n7,6A,1D\n1,VA,A,,V,1,0x10,0\n", DAT, "t.cfg:3: channel 'VA': offset b: got '0x10', expected a number" },
	{ "station,device,1999\n7,6A,1D\n1,VA,A,,V,1,0,1e999\n", DAT, "t.cfg:3: channel 'VA': skew: got '1e999', expected a number" },
	{ "station,device,1999\n7,6A,1D\n1,VA,A,,V,1,0,0,a,b\n", DAT, "t.cfg:3: channel 'VA': minimum: got 'a', expected a number" },
	{ "station,device,1999\n7,6A,1D\n1,VA,A,,V,1,0,0,0,1.2.3\n", DAT, "t.cfg:3: channel 'VA': maximum: got '1.2.3', expected a number" },
	{ "station,device,1999\n7,6A,1D\n1,V\x01,A,,V,1,0,0,0,1,1,1 kV,P\n", DAT,
	  "t.cfg:3: channel 'V?': secondary factor: got '1 kV', expected a number" },
	{ "station,device,1999\n1,1A,0D\n1,VA,A,,V,1,0,0,-9,9,0,0,S\n60\n1\n2520,3\n" TAIL, DAT,
	  "t.cfg: no channel in volts or amperes, expected one at least; the channels are 'VA'" },
	{ "station,device,1999\n7,6A,1D\n1,VA,A,,V,1,0,0\n60\n", DAT,
	  "t.cfg:4: got '60', expected an analog channel 'n,name,phase,component,unit,a,b,...'" },
	{ A_STATUS_LINE_TOO_FEW, DAT, "t.cfg:10: got '60', expected a status channel 'n,name,...'" },
	{ "station,device,1999\n7,6A,1D\n" CHANNELS "1,S1,,,0\n2,S2,,,0\n", DAT, "t.cfg:10: got '2,S2,,,0', expected the line frequency" },
	{ HEAD "none\n", DAT, "t.cfg:11: got 'none', expected the number of sample rates" },
	{ HEAD "-1\n", DAT, "t.cfg:11: got '-1', expected the number of sample rates" },
	{ HEAD "1\nfast,3\n", DAT, "t.cfg:12: got 'fast,3', expected a sample rate 'hz,last_sample'" },
	{ HEAD "1\n-2520,3\n", DAT, "t.cfg:12: got '-2520,3', expected a sample rate 'hz,last_sample'" },
	{ HEAD "1\n2520,last\n", DAT, "t.cfg:12: got '2520,last', expected a sample rate 'hz,last_sample'" },
	{ HEAD "1\n" TAIL, DAT, "t.cfg:12: got '01/01/2020,00:00:00.000000', expected a sample rate 'hz,last_sample'" },
	{ HEAD "2\n2520\n", DAT, "t.cfg:12: last sample: got '', expected the number of the last sample at this rate" },
	{ HEAD "2\n2520,9\n5000,8\n", DAT, "t.cfg:13: last sample: got 8, expected at least 9, that of the rate before" },
	{ HEAD "2\n2520,9\n0,10\n", DAT, "t.cfg:13: sample rate: got 0, expected more, for there are 2" },
	{ HEAD "1\n2520,3\n5000,9\n", DAT, "t.cfg:13: got '5000,9', expected the time of the first sample" },
	{ HEAD "1\n2520,3\n01/01/2020,00:00:00\nlater\n", DAT, "t.cfg:14: got 'later', expected the time of the trigger" },
	{ HEAD "1\n2520,3\n" TIMES "HEX\n", DAT,
	  "t.cfg:15: got 'HEX', expected the data format: ASCII, BINARY, BINARY32 or FLOAT32" },
	{ HEAD "1\n2520,3\n" TIMES, DAT, "t.cfg:15: the file ends, expected the data format: ASCII, BINARY, BINARY32 or FLOAT32" },
	{ HEAD "1\n2520,3\n" TIMES "ASCII\nonce\n", DAT, "t.cfg:16: time stamp factor: got 'once', expected a number above 0" },
	{ HEAD "1\n2520,3\n" TIMES "ASCII\n0\n", DAT, "t.cfg:16: time stamp factor: got '0', expected a number above 0" },
	{ HEAD "1\n500,3\n" TAIL, DAT, "t.cfg:12: sample rate: got 500 Hz, must be 600 to 100000" },
	{ HEAD "1\n100001,3\n" TAIL, DAT, "t.cfg:12: sample rate: got 100001 Hz, must be 600 to 100000" },
	/* the data */
	{ CFG, NULL, "t.dat: no such file, expected the samples of t.cfg (.dat or .DAT beside it)" },
	{ CFG, "", "t.dat: got no records, expected samples" },
	{ CFG, "\x1a", "t.dat: got no records, expected samples" },
	{ CFG, DAT "x,794,1,2,3,4,5,6,0\n", "t.dat:4: sample number: got 'x', expected a whole number" },
	{ CFG, DAT "4.5,794,1,2,3,4,5,6,0\n", "t.dat:4: sample number: got '4.5', expected a whole number" },
	{ CFG, DAT "4,now,1,2,3,4,5,6,0\n", "t.dat:4: time stamp: got 'now', expected a number" },
	{ CFG, DAT "\n4\n", "t.dat:5: got one field, expected a sample number, a time stamp and the samples" },
	{ CFG, DAT "4,1191,1,2,zero,4,5,6,0\n", "t.dat:4: channel 3: got 'zero', expected a number" },
	{ CFG, DAT "4,1191,1,2,3,4,5\n", "t.dat:4: got 5 samples, expected 6 analog channels" },
	{ CFG, DAT "4,1191,1,2,3,4,5,6,0,1,1\n", "t.dat:4: got 9 samples, expected 6 analog and 1 status channels" },
	{ HEAD "1\n2520,3\n" TIMES "BINARY\n1\n", "short",
	  "t.dat: got 5 bytes of BINARY data, expected records of 22 bytes (6 analog and 1 status channels)" },
	{ HEAD "1\n2520,3\n" TIMES "FLOAT32\n1\n", "short",
	  "t.dat: got 5 bytes of FLOAT32 data, expected records of 34 bytes (6 analog and 1 status channels)" },
	/* no rate: the time stamps */
	{ STAMPED, DAT "4,,1,2,3,4,5,6,0\n",
	  "t.dat:4: record 4: time stamp: got none, expected one, for the configuration gives no sample rate" },
	{ STAMPED, DAT "4,794,1,2,3,4,5,6,0\n",
	  "t.dat:4: record 4: time stamp: got 794, expected more than 794, that of the record before" },
	{ STAMPED, "1,0,1,2,3,4,5,6,0\n",
	  "t.dat: got 1 records, expected enough of equal steps to tell the sample rate from their time stamps" },
	{ STAMPED, DAT "4,1191,1,2,3,4,5,6,0\n5,1588,1,2,3,4,5,6,0\n6,1985,1,2,3,4,5,6,0\n7,2600,1,2,3,4,5,6,0\n8,2997,1,2,3,4,5,6,0\n",
	  "t.dat:8: record 7: time stamp: got a step of 615 units, expected 397, a multiple of it, or 4 equal ones in a row" },
	{ STAMPED, "1,0,1,2,3,4,5,6,0\n2,1,1,2,3,4,5,6,0\n3,2,1,2,3,4,5,6,0\n4,3,1,2,3,4,5,6,0\n5,4,1,2,3,4,5,6,0\n",
	  "t.dat:5: record 5: time stamp: got steps of 1 units, expected at least 4 to tell the rate" },
	{ STAMPED, DAT "4,1191,1,2,3,4,5,6,0\n5,1588,1,2,3,4,5,6,0\n6,90000001588,1,2,3,4,5,6,0\n",
	  "t.dat:6: record 6: time stamp: got 90000 s after the record before, expected at most 86400" },
	/* combined files */
	{ "--- file type: HDR ---\n", DAT, "t.cfg:1: got another section, expected '--- file type: CFG ---'" },
	{ "--- file type: CFG ---\n" CFG, DAT, "t.cfg:18: the file ends, expected a section '--- file type: DAT ... ---'" },
	{ "--- file type: CFG ---\n" CFG "--- file type: INF ---\n", DAT,
	  "t.cfg:19: the file ends, expected a section '--- file type: DAT ... ---'" },
	{ "--- file type: CFG ---\n" CFG "--- file type: DAT BINARY: 22 ---\n", DAT,
	  "t.cfg:18: got a section of BINARY data, expected ASCII as the configuration says" },
	{ "--- file type: CFG ---\nstation,device,12\n", DAT, "t.cfg:2: revision year: got '12', must be 1991, 1999 or 2013" },
	{ "--- file type: CFG ---\n" CFG "--- file type: DAT ASCII ---\n" DAT "4,x\n", DAT, "t.cfg:22: time stamp: got 'x', expected a number" },
};

/* The message without the directory. */
static const char *plain(char *message)
{
	size_t n = strlen(directory) + 1;
	char *at;

	while ((at = strstr(message, directory)))
		memmove(at, at + n, strlen(at + n) + 1);
	return message;
}

static void write_files(const char *cfg, const char *dat)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/t.cfg", directory);
	recording_write_file(path, cfg, strlen(cfg));
	snprintf(path, sizeof(path), "%s/t.dat", directory);
	unlink(path);
	if (dat)
		recording_write_file(path, dat, strlen(dat));
}

/* Opens the recording and reads it to its end or its fault. */
static int read_recording(struct comtrade_recording *recording, const struct adc_channel_config *want)
{
	static const atomic_bool go_on;
	struct comtrade_record record;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "%s/t.cfg", directory);
	ret = comtrade_recording_open(recording, path, want, &go_on);
	while (!ret && (ret = comtrade_recording_next(recording, &record)) > 0)
		ret = 0;
	comtrade_recording_close(recording);
	return ret;
}

static struct comtrade_recording recording;

START_TEST(each_malformed_file_is_refused_in_these_words)
{
	static const struct adc_channel_config want[ADC_CHANNELS];

	log_set_level(LOG_CRIT);
	write_files(cases[_i].cfg, cases[_i].dat);
	ck_assert_int_lt(read_recording(&recording, want), 0);
	ck_assert_str_eq(plain(recording.message), cases[_i].message);
}
END_TEST

START_TEST(the_file_that_the_others_were_made_from_is_good)
{
	static const struct adc_channel_config want[ADC_CHANNELS];

	log_set_level(LOG_CRIT);
	write_files(CFG, DAT);
	ck_assert_int_eq(read_recording(&recording, want), 0);
	ck_assert_uint_eq(recording.records, 3);
}
END_TEST

/* What no revision allows, and is clear all the same. */
static const char *const clear[] = {
	"station\n7,6A,1D\n" CHANNELS "1,S1,,,0\n60\n1\n2520,3\n" TAIL,
	"station,device,1999\n7,6A,1D\n" CHANNELS "1,S1,,,0\n60Hz\n1\n2520,3\n" TAIL,
	"station,device,1999\n7,6A,1D\n" CHANNELS "1,S1,,,0\n60 hz\n1\n2520,3\n" TAIL,
	HEAD "1\n2520,3\n24.11.2026,00:00:00.000000\n24.11.2026,00:00:00\nASCII\n1\n",
	"--- file type: CFG ---\n" CFG "--- file type: DAT ASCII: 0 ---\n" DAT,
};

START_TEST(what_is_clear_is_read_whether_or_not_it_is_allowed)
{
	static const struct adc_channel_config want[ADC_CHANNELS];

	log_set_level(LOG_CRIT);
	write_files(clear[_i], DAT);
	ck_assert_int_eq(read_recording(&recording, want), 0);
	ck_assert_uint_eq(recording.records, 3);
	ck_assert_double_eq(recording.cfg.stamp_ns, 1000);
}
END_TEST

static const struct {
	const char *channel[ADC_CHANNELS];
	const char *channels;
	const char *message;
} wanted[] = {
	{ { "VA", "VB", "VC", "IA", "IB", "Ix" }, CHANNELS,
	  "t.cfg: adc.channels.ic: got 'Ix', must be a number from 1 to 6 or one of 'VA', 'VB', 'VC', 'IA', 'IB', 'IC'" },
	{ { "VA", "VB", "VC", "IA", "IB", "7" }, CHANNELS,
	  "t.cfg: adc.channels.ic: got '7', must be a number from 1 to 6 or one of 'VA', 'VB', 'VC', 'IA', 'IB', 'IC'" },
	{ { "0", "VB", "VC", "IA", "IB", "IC" }, CHANNELS,
	  "t.cfg: adc.channels.va: got '0', must be a number from 1 to 6 or one of 'VA', 'VB', 'VC', 'IA', 'IB', 'IC'" },
	{ { "IA", "VB", "VC", "IA", "IB", "IC" }, CHANNELS,
	  "t.cfg:6: channel 'IA', configured as adc.channels.va: unit: got 'A', expected volts" },
	{ { "V", "2", "3", "4", "5", "6" },
	  "1,V,A,,V,1\n2,V,B,,V,1\n3,V,C,,V,1\n4,I,A,,A,1\n5,I,B,,A,1\n6,I,C,,A,1\n",
	  "t.cfg: adc.channels.va: the name 'V' stands at channels 1 and 2, expected a number" },
	{ { "1", "2", "3", "4", "5", "6" },
	  "1,V,A,,V,1,0,0,0,0,1000,0,S\n2,V,B,,V,1\n3,V,C,,V,1\n4,I,A,,A,1\n5,I,B,,A,1\n6,I,C,,A,1\n",
	  "t.cfg:3: channel 'V': primary and secondary factor: got 1000 and 0, expected more than 0 for values marked secondary (S)" },
};

START_TEST(a_channel_that_cannot_be_had_is_refused_in_these_words)
{
	struct adc_channel_config want[ADC_CHANNELS];
	char cfg[2048];

	log_set_level(LOG_CRIT);
	for (int c = 0; c < ADC_CHANNELS; c++)
		snprintf(want[c].channel, sizeof(want[c].channel), "%s", wanted[_i].channel[c]);
	snprintf(cfg, sizeof(cfg), "station,device,1999\n7,6A,1D\n%s1,S1,,,0\n60\n1\n2520,3\n" TAIL, wanted[_i].channels);
	write_files(cfg, DAT);
	ck_assert_int_lt(read_recording(&recording, want), 0);
	ck_assert_str_eq(plain(recording.message), wanted[_i].message);
}
END_TEST

START_TEST(a_line_without_end_is_refused_at_the_buffers_size)
{
	static const struct adc_channel_config want[ADC_CHANNELS];
	static char dat[1 << 20];

	log_set_level(LOG_CRIT);
	memset(dat, '1', sizeof(dat) - 1);
	memcpy(dat, DAT, sizeof(DAT) - 1);
	write_files(CFG, dat);
	ck_assert_int_lt(read_recording(&recording, want), 0);
	ck_assert_str_eq(plain(recording.message), "t.dat:4: got a line of more than 262144 bytes, expected a shorter one");
}
END_TEST

/* Every cut and every changed byte of a good recording: whatever comes of it, reading ends. */
START_TEST(no_cut_or_changed_byte_crashes_or_hangs)
{
	static const struct adc_channel_config want[ADC_CHANNELS];
	static const char bytes[] = { 0, ',', '\n', '9', '-', '\x1a', '\xff' };
	char cfg[] = CFG, dat[] = DAT;

	log_set_level(-1);
	for (size_t i = 0; i < sizeof(CFG) - 1; i++) {
		cfg[i] = bytes[i % sizeof(bytes)];
		write_files(cfg, DAT);
		read_recording(&recording, want);
		cfg[i] = '\0';
		write_files(cfg, DAT);
		read_recording(&recording, want);
		cfg[i] = CFG[i];
	}
	for (size_t i = 0; i < sizeof(DAT) - 1; i++) {
		dat[i] = bytes[i % sizeof(bytes)];
		write_files(CFG, dat);
		ck_assert_int_le(read_recording(&recording, want), 0);
		dat[i] = DAT[i];
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comtrade_malformed");
	TCase *tcase = tcase_create("malformed");
	char path[64];
	int status;

	if (!mkdtemp(directory)) {
		perror(directory);
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, each_malformed_file_is_refused_in_these_words, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(tcase, a_channel_that_cannot_be_had_is_refused_in_these_words, 0, (int)(sizeof(wanted) / sizeof(wanted[0])));
	tcase_add_loop_test(tcase, what_is_clear_is_read_whether_or_not_it_is_allowed, 0, (int)(sizeof(clear) / sizeof(clear[0])));
	tcase_add_test(tcase, the_file_that_the_others_were_made_from_is_good);
	tcase_add_test(tcase, a_line_without_end_is_refused_at_the_buffers_size);
	tcase_add_test(tcase, no_cut_or_changed_byte_crashes_or_hangs);
	status = check_main_run(suite);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/t.%s", directory, i ? "dat" : "cfg");
		unlink(path);
	}
	rmdir(directory);
	return status;
}
