#include "lib/recording.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void fatal(const char *path)
{
	perror(path);
	exit(99);
}

double recording_truth(int channel, double t_s)
{
	double peak = channel < 3 ? RECORDING_VOLTS_PEAK : RECORDING_AMPS_PEAK, lag = channel < 3 ? 0 : RECORDING_LAG_RAD;

	return peak * cos(2 * M_PI * (RECORDING_HZ * t_s - channel % 3 / 3.0) - lag);
}

void recording_defaults(struct recording *recording)
{
	static const char *const names[] = { "VA", "VB", "VC", "IA", "IB", "IC" }, *const phases[] = { "A", "B", "C" };

	memset(recording, 0, sizeof(*recording));
	recording->revision = 1999;
	recording->format = "BINARY";
	recording->eol = "\r\n";
	recording->hz[0] = 2520;
	recording->n[0] = 2520;
	for (int c = 0; c < 6; c++) {
		recording->a[c] = c < 3 ? 0.0125 : 0.0025;
		recording->name[c] = names[c];
		recording->phase[c] = phases[c % 3];
		recording->unit[c] = c < 3 ? "V" : "A";
		recording->factor[c] = recording->primary[c] = recording->secondary[c] = 1;
	}
	recording->timemult = 1;
	recording->number_step = 1;
	recording->side = 'P';
	recording->min = -32767;
	recording->max = 32767;
	recording->blank = "";
	recording->tail = "";
	recording->lead = "";
}

static unsigned scans(const struct recording *recording)
{
	return recording->n[0] + recording->n[1] + recording->n[2] + recording->n[3];
}

/* When scan k was taken: the step to a scan is that of the rate it belongs to. */
static double scan_time(const struct recording *recording, unsigned k)
{
	double t_s = 0;
	unsigned from = 0;

	for (int i = 0; i < 4 && recording->n[i]; i++) {
		unsigned to = from + recording->n[i];
		unsigned steps = (k < to ? k + 1 : to) - from - (from == 0);

		t_s += steps / recording->hz[i] + (from ? recording->pause_s : 0);
		if (k < to)
			break;
		from = to;
	}
	return t_s;
}

static double sample(const struct recording *recording, int c, double t_s)
{
	double value = recording_truth(c, t_s + recording->skew_us[c] * 1e-6);

	if (recording->clip > 0)
		value = fmax(-recording->clip, fmin(recording->clip, value));
	if (recording->side == 'S')
		value *= recording->secondary[c] / recording->primary[c];
	return (value / recording->factor[c] - recording->b[c]) / recording->a[c];
}

static void write_analogs(const struct recording *r, FILE *out)
{
	for (int c = 0; c < 6; c++) {
		fprintf(out, "%d,%s%s%s,%s,,%s%s%s,%s%.17g,%.17g,%s%.17g,%ld,%ld", c + 1, r->blank, r->name[c], r->blank, r->phase[c],
			r->blank, r->unit[c], r->blank, r->blank, r->a[c], r->b[c], r->blank, r->skew_us[c], r->min, r->max);
		if (r->revision != 1991)
			fprintf(out, ",%.17g,%.17g,%c%s", r->primary[c], r->secondary[c], r->side, r->blank);
		fputs(r->eol, out);
	}
	for (unsigned i = 0; i < r->extra_analogs; i++)
		fprintf(out, "%u,X%u,,,Hz,1,0,0,-32767,32767%s", i + 7, i, r->eol);
	for (unsigned i = 0; i < r->statuses; i++)
		fprintf(out, "%u,S%u,,,0%s", i + 1, i, r->eol);
}

static void write_configuration(const struct recording *r, FILE *out)
{
	unsigned end = 0, rates = 0;

	while (rates < 4 && r->n[rates])
		rates++;
	fprintf(out, "station,device");
	if (r->revision != 1991)
		fprintf(out, ",%d", r->revision);
	fprintf(out, "%s%u,%uA,%uD%s", r->eol, 6 + r->extra_analogs + r->statuses, 6 + r->extra_analogs, r->statuses, r->eol);
	write_analogs(r, out);
	fprintf(out, "60%s%u%s", r->eol, r->by_stamps ? 0 : rates, r->eol);
	for (unsigned i = 0; i < rates && !r->by_stamps; i++) {
		end += r->n[i];
		fprintf(out, "%.10g,%u%s", r->hz[i], r->promised ? r->promised : end, r->eol);
	}
	if (r->by_stamps)
		fprintf(out, "0,%u%s", r->promised ? r->promised : scans(r), r->eol);
	for (int i = 0; i < 2; i++)
		fprintf(out, r->revision == 1991 ? "12/31/90,23:59:59.123456%s" :
			r->revision == 2013 ? "31/12/2019,23:59:59.123456789%s" : "31/12/2019,23:59:59.123456%s", r->eol);
	fprintf(out, "%s%s", r->format, r->eol);
	if (r->revision != 1991)
		fprintf(out, "%.10g%s", r->timemult, r->eol);
	if (r->revision == 2013)
		fprintf(out, "-5h30,-5h30%sB,3%s", r->eol, r->eol);
}

static void put_u32(FILE *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		fputc((int)(value >> (8 * i) & 255), out);
}

static void put_u16(FILE *out, unsigned value)
{
	fputc((int)(value & 255), out);
	fputc((int)(value >> 8 & 255), out);
}

static void put_binary_sample(const char *format, double value, bool missing, FILE *out)
{
	float number = (float)value;
	uint32_t word;

	if (!strcmp(format, "BINARY")) {
		put_u16(out, missing ? 0x8000 : (unsigned)(int)lround(value));
	} else if (!strcmp(format, "BINARY32")) {
		put_u32(out, missing ? UINT32_C(0x80000000) : (uint32_t)(int32_t)lround(value));
	} else {
		memcpy(&word, &number, sizeof(word));
		put_u32(out, missing ? UINT32_C(0xff7fffff) : word);
	}
}

static void put_text_sample(const struct recording *r, double value, bool missing, FILE *out)
{
	fprintf(out, ",%s", r->blank);
	if (missing && r->revision != 2013)
		fprintf(out, "99999");
	else if (!missing)
		fprintf(out, "%ld", lround(value));
	fputs(r->blank, out);
}

static double stamp(const struct recording *r, unsigned k)
{
	double unit_ns = (r->revision == 2013 ? 1 : 1000) * r->timemult;

	if (r->stamps_hide_absent && k >= r->absent_from + r->absent_n)
		k -= r->absent_n;
	return floor(scan_time(r, k) * 1e9 / unit_ns + 0.5);
}

static void write_record(const struct recording *r, unsigned k, FILE *out)
{
	bool missing = k >= r->missing_from && k < r->missing_from + r->missing_n, text = !strcmp(r->format, "ASCII");
	double t_s = scan_time(r, k);

	if (text) {
		fprintf(out, "%s%u,%s%.0f", r->blank, k * r->number_step + 1, r->blank, stamp(r, k));
	} else {
		put_u32(out, k * r->number_step + 1);
		put_u32(out, (uint32_t)(uint64_t)stamp(r, k));
	}
	for (int c = 0; c < 6 + (int)r->extra_analogs; c++) {
		double value = c < 6 ? sample(r, c, t_s) : 7;

		if (text)
			put_text_sample(r, value, missing && c == 1, out);
		else
			put_binary_sample(r->format, value, missing && c == 1, out);
	}
	for (unsigned i = 0; i < r->statuses && text; i++)
		fprintf(out, ",%u", (k + i) & 1);
	for (unsigned i = 0; i < r->statuses && !text; i += 16)
		put_u16(out, 0xa5a5);
	if (text)
		fputs(r->eol, out);
}

static void write_data(const struct recording *r, FILE *out)
{
	for (unsigned k = 0; k < scans(r); k++)
		if (k < r->absent_from || k >= r->absent_from + r->absent_n)
			write_record(r, k, out);
}

static FILE *create(const char *path)
{
	FILE *out = fopen(path, "wb");

	if (!out)
		fatal(path);
	return out;
}

static void finish(FILE *out, const char *path)
{
	if (fclose(out))
		fatal(path);
}

static size_t data_bytes(const struct recording *r)
{
	size_t wide = !strcmp(r->format, "BINARY") ? 2 : 4, records = scans(r) - r->absent_n;

	return records * (8 + (6 + r->extra_analogs) * wide + (r->statuses + 15) / 16 * 2);
}

void recording_write(const struct recording *r, const char *directory, const char *name, char *path, size_t size)
{
	bool text = !strcmp(r->format, "ASCII");
	char data_path[4096];
	FILE *out;

	snprintf(path, size, "%s/%s.%s", directory, name, r->combined ? "cff" : r->upper_case ? "CFG" : "cfg");
	out = create(path);
	fputs(r->lead, out);
	if (r->combined)
		fprintf(out, "--- file type: CFG ---%s", r->eol);
	write_configuration(r, out);
	if (r->combined) {
		fprintf(out, "--- file type: INF ---%s%s--- file type: HDR ---%sfree text%s", r->eol, r->eol, r->eol, r->eol);
		if (text)
			fprintf(out, "--- file type: DAT ASCII ---%s", r->eol);
		else
			fprintf(out, "--- file type: DAT %s: %zu ---%s", r->format, data_bytes(r), r->eol);
	} else {
		fputs(r->tail, out);
		finish(out, path);
		snprintf(data_path, sizeof(data_path), "%s/%s.%s", directory, name, r->upper_case ? "DAT" : "dat");
		out = create(data_path);
	}
	write_data(r, out);
	fputs(r->tail, out);
	finish(out, r->combined ? path : data_path);
}

void recording_write_file(const char *path, const void *data, size_t size)
{
	FILE *out = create(path);

	if (fwrite(data, 1, size, out) != size)
		fatal(path);
	finish(out, path);
}
