/* The simulated source against the waves that its configuration describes, worked anew in long double. */
#include <check.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc.h"
#include "lib/check_main.h"

#define PI 3.14159265358979323846264338327950288L
#define BLOCK_MOST 1000

static double samples[ADC_CHANNELS][BLOCK_MOST];

static struct adc_config plain(void)
{
	struct adc_config config = {
		.source = "sim", .rate_hz = 2520, .block_scans = 126,
		.sim = { .voltage_v = { 277, 277, 277 }, .current_a = { 50, 50, 50 }, .frequency_hz = 60,
			 .power_factor = { 0.9, 0.9, 0.9 }, .seed = 1 },
	};

	return config;
}

static struct adc *open_sim(const struct adc_config *config)
{
	struct adc_info info;
	struct adc *adc = adc_new(config);

	ck_assert_ptr_nonnull(adc);
	ck_assert_str_eq(adc->name, "sim");
	ck_assert_int_eq(adc->ops->open(adc, &info), 0);
	ck_assert(info.rate_hz == config->rate_hz);
	ck_assert_uint_eq(info.block_scans, config->block_scans);
	ck_assert(!info.paced);
	return adc;
}

static void close_sim(struct adc *adc)
{
	adc->ops->close(adc);
	adc->ops->free(adc);
}

static struct adc_block read_block(struct adc *adc)
{
	struct adc_block block = { 0 };
	int n;

	for (int c = 0; c < ADC_CHANNELS; c++)
		block.scans[c] = samples[c];
	n = adc->ops->read(adc, &block);
	ck_assert_int_gt(n, 0);
	ck_assert_uint_eq(block.n, (unsigned)n);
	ck_assert_uint_eq(block.lost, 0);
	ck_assert(block.primary);
	return block;
}

/* `n` scans of a channel. */
static void collect(const struct adc_config *config, int channel, double *x, unsigned n)
{
	struct adc *adc = open_sim(config);

	for (unsigned k = 0; k < n;) {
		struct adc_block block = read_block(adc);

		for (unsigned s = 0; s < block.n && k < n; s++)
			x[k++] = samples[channel][s];
	}
	close_sim(adc);
}

/* Cycles since scan 0, whole ones taken away. */
static long double cycles(const struct adc_config *config, unsigned n)
{
	double high = n * config->sim.frequency_hz, low = fma(n, config->sim.frequency_hz, -high);

	return ((long double)fmod(high, config->rate_hz) + low) / config->rate_hz;
}

/* What channel c is at scan n. */
static double truth(const struct adc_config *config, int c, unsigned n)
{
	const struct adc_sim_config *sim = &config->sim;
	int p = c % 3;
	long double angle = 2 * PI * (cycles(config, n) + (sim->acb ? 1 : -1) * p / 3.0L), sum;
	long double rms = c < 3 ? sim->voltage_v[p] : sim->current_a[p];

	/* Lagging: the current passes zero later. */
	if (c >= 3)
		angle -= copysignl(acosl(fabsl((long double)sim->power_factor[p])), sim->power_factor[p]);
	sum = sinl(angle);
	for (int k = 0; k < sim->harmonics; k++) {
		const struct adc_sim_harmonic *h = &sim->harmonic[k];

		sum += (c < 3 ? h->voltage_percent : h->current_percent) / 100.0L * sinl(h->order * angle + h->phase_deg * PI / 180);
	}
	return (double)(sqrtl(2) * rms * sum);
}

/*
 * Rounding of the sums, and half a unit of the 64-bit phase a scan: 10^-16 of the frequency.  Where a long double is no longer than a
 * double, the truth is rounded too, its angles of up to four turns by 2e-15 at each step.
 */
static double tolerance(const struct adc_config *config, unsigned n)
{
	double rounding = LDBL_MANT_DIG > DBL_MANT_DIG ? 4e-15 : 12e-15;
	int order = 1;

	for (int k = 0; k < config->sim.harmonics; k++)
		order = config->sim.harmonic[k].order > order ? config->sim.harmonic[k].order : order;
	return order * (rounding + n * 2 * M_PI * M_SQRT2 * 0x1p-65);
}

static void compare(const struct adc_config *config, unsigned scans)
{
	struct adc *adc = open_sim(config);
	unsigned n = 0;

	while (n < scans) {
		struct adc_block block = read_block(adc);

		for (int c = 0; c < ADC_CHANNELS; c++)
			for (unsigned k = 0; k < block.n; k += n < 10000 ? 1 : 97) {
				double expected = truth(config, c, n + k);
				double scale = fabs(c < 3 ? config->sim.voltage_v[c] : config->sim.current_a[c - 3]);

				ck_assert_double_eq_tol(samples[c][k], expected, scale * tolerance(config, n + k) + 1e-300);
			}
		n += block.n;
	}
	close_sim(adc);
}

START_TEST(default_wave_is_exact_also_after_twenty_minutes)
{
	struct adc_config config = plain();

	compare(&config, 3024000);
}
END_TEST

START_TEST(each_phase_has_its_own_voltage_current_and_power_factor)
{
	struct adc_config config = plain();
	struct adc_sim_config *sim = &config.sim;

	config.rate_hz = 4000;
	config.block_scans = 333;
	*sim = (struct adc_sim_config){ .voltage_v = { 230, 120.5, 0 }, .current_a = { 5, -80, 0.02 }, .frequency_hz = 49.87,
					.power_factor = { 0.25, -0.8, 1 } };
	compare(&config, 100000);
	sim->acb = true;
	compare(&config, 100000);
}
END_TEST

START_TEST(harmonics_follow_the_fundamental_of_their_phase)
{
	struct adc_config config = plain();

	config.sim.harmonics = 3;
	config.sim.harmonic[0] = (struct adc_sim_harmonic){ .order = 5, .voltage_percent = 10, .current_percent = 40, .phase_deg = 0 };
	config.sim.harmonic[1] = (struct adc_sim_harmonic){ .order = 2, .voltage_percent = 0, .current_percent = 3, .phase_deg = 90 };
	config.sim.harmonic[2] = (struct adc_sim_harmonic){ .order = 19, .voltage_percent = 2, .current_percent = 5, .phase_deg = -30 };
	compare(&config, 50000);
}
END_TEST

START_TEST(one_cycle_of_power_gives_the_power_factor)
{
	static const double factors[] = { 1, 0.9, 0.5, 0.25, 0, -0.8, -1 };

	for (unsigned f = 0; f < sizeof(factors) / sizeof(factors[0]); f++) {
		struct adc_config config = plain();
		double p = 0, q = 0;
		struct adc *adc;

		for (int phase = 0; phase < 3; phase++)
			config.sim.power_factor[phase] = factors[f];
		config.block_scans = 420;	/* ten cycles at 60 Hz; a quarter of one is 10.5 scans */
		adc = open_sim(&config);
		read_block(adc);
		for (int k = 0; k < 420; k++) {
			p += samples[ADC_VB][k] * samples[ADC_IB][k] / 420;
			/* The voltage a quarter of a cycle before, 21 half scans, is the mean's own business: use -dv/dt. */
			q += samples[ADC_IB][k] * (samples[ADC_VB][(k + 419) % 420] - samples[ADC_VB][(k + 1) % 420]) /
			     (2 * sin(2 * M_PI / 42)) / 420;
		}
		ck_assert_double_eq_tol(p / (277 * 50), fabs(factors[f]), 1e-12);
		/* A lagging current is in phase with the delayed voltage: reactive power is positive. */
		ck_assert_double_eq_tol(q / (277 * 50), copysign(sqrt(1 - factors[f] * factors[f]), factors[f]), 1e-8);
		close_sim(adc);
	}
}
END_TEST

START_TEST(samples_do_not_depend_on_the_block_size)
{
	struct adc_config config = plain();
	enum { N = 20000 };
	static double a[N], b[N];

	config.sim.profile = SIM_VARYING;
	config.sim.noise_percent = 0.1;
	config.sim.bits = 20;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		config.block_scans = 126;
		collect(&config, c, a, N);
		config.block_scans = 49;
		collect(&config, c, b, N);
		ck_assert_mem_eq(a, b, sizeof(a));
	}
}
END_TEST

START_TEST(same_seed_gives_the_same_noise_another_seed_another)
{
	struct adc_config config = plain();
	enum { N = 1000 };
	double a[N], b[N], other[N];

	config.sim.noise_percent = 1;
	collect(&config, ADC_IA, a, N);
	collect(&config, ADC_IA, b, N);
	ck_assert_mem_eq(a, b, sizeof(a));
	config.sim.seed = 2;
	collect(&config, ADC_IA, other, N);
	for (int k = 0; k < N; k++)
		ck_assert(a[k] != other[k]);
}
END_TEST

START_TEST(noise_is_white_independent_and_as_strong_as_configured)
{
	struct adc_config config = plain();
	enum { N = 200000 };
	static double clean[N], a[N], b[N];
	double sum = 0, square = 0, next = 0, cross = 0, sigma = 0.01 * 2 * M_SQRT2 * 277;

	collect(&config, ADC_VA, clean, N);
	config.sim.noise_percent = 1;
	collect(&config, ADC_VA, a, N);
	for (int k = 0; k < N; k++) {
		a[k] -= clean[k];
		sum += a[k];
		square += a[k] * a[k];
		next += k ? a[k] * a[k - 1] : 0;
	}
	config.sim.voltage_v[1] = 277;
	collect(&config, ADC_VB, b, N);
	config.sim.noise_percent = 0;
	collect(&config, ADC_VB, clean, N);
	for (int k = 0; k < N; k++)
		cross += a[k] * (b[k] - clean[k]);
	/* Five standard deviations of each estimate over N samples. */
	ck_assert_double_eq_tol(sum / N, 0, 5 * sigma / sqrt(N));
	ck_assert_double_eq_tol(square / N / (sigma * sigma), 1, 5 * sqrt(2.0 / N));
	ck_assert_double_eq_tol(next / N / (sigma * sigma), 0, 5 / sqrt(N));
	ck_assert_double_eq_tol(cross / N / (sigma * sigma), 0, 5 / sqrt(N));
}
END_TEST

START_TEST(converter_gives_the_nearest_code_of_its_range)
{
	for (int bits = 8; bits <= 32; bits += 4) {
		struct adc_config config = plain();
		/* Twice the crest of the wave on either side of zero. */
		double lsb = 2 * M_SQRT2 * 277 / ldexp(1, bits - 1);
		struct adc *adc;
		struct adc_block block;

		config.sim.bits = bits;
		adc = open_sim(&config);
		block = read_block(adc);
		for (unsigned k = 0; k < block.n; k++) {
			double x = samples[ADC_VA][k];

			ck_assert_double_eq_tol(x / lsb, round(x / lsb), 1e-6);
			ck_assert_double_eq_tol(x, truth(&config, ADC_VA, k), lsb * 0.5000001 + 1e-10);
		}
		ck_assert_uint_eq(block.clipped, 0);
		close_sim(adc);
	}
}
END_TEST

START_TEST(input_beyond_the_range_clips_and_says_so)
{
	struct adc_config config = plain();
	double top = 2 * M_SQRT2 * 50;
	struct adc_block block;
	struct adc *adc;

	config.sim.bits = 16;
	config.sim.dc_percent = 60;	/* 0.5 + 0.6 of the range */
	adc = open_sim(&config);
	block = read_block(adc);
	ck_assert_uint_eq(block.clipped, 0x3F);
	for (unsigned k = 0; k < block.n; k++)
		ck_assert_double_eq_tol(samples[ADC_IA][k], fmin(truth(&config, ADC_IA, k) + 0.6 * top, top * (1 - 1 / 32768.0)),
					top / 65536 * 1.0001);
	close_sim(adc);
}
END_TEST

START_TEST(constant_offset_is_that_percent_of_full_scale)
{
	struct adc_config config = plain();
	struct adc *adc;

	config.sim.dc_percent = -10;
	adc = open_sim(&config);
	read_block(adc);
	for (int k = 0; k < 126; k++)
		ck_assert_double_eq_tol(samples[ADC_VC][k], truth(&config, ADC_VC, k) - 0.2 * M_SQRT2 * 277, 1e-9);
	close_sim(adc);
}
END_TEST

/* The rms of current and voltage of each second of a varying load; 60 cycles are whole but for a wander of 0.03 Hz. */
static void rms_by_second(const struct adc_config *config, int channel, double *rms, int seconds)
{
	struct adc *adc = open_sim(config);

	for (int second = 0; second < seconds; second++) {
		double sum = 0;

		for (int b = 0; b < 20; b++) {
			read_block(adc);
			for (int k = 0; k < 126; k++)
				sum += samples[channel][k] * samples[channel][k] / 2520;
		}
		rms[second] = sqrt(sum);
	}
	close_sim(adc);
}

START_TEST(varying_load_visibly_lives_within_twenty_seconds_and_keeps_its_bounds)
{
	struct adc_config config = plain();
	double rms[300];

	config.sim.profile = SIM_VARYING;
	for (int p = 0; p < 3; p++) {
		double least = INFINITY, most = 0;

		rms_by_second(&config, ADC_IA + p, rms, 300);
		for (int s = 0; s < 300; s++) {
			ck_assert_double_ge(rms[s], 0.29 * 50);
			ck_assert_double_le(rms[s], 1.01 * 50);
			/* Slowly: from second to second by less than a tenth of the configured current. */
			if (s)
				ck_assert_double_le(fabs(rms[s] - rms[s - 1]), 5);
			if (s < 20) {
				least = fmin(least, rms[s]);
				most = fmax(most, rms[s]);
			}
		}
		ck_assert_double_ge(most / least, 1.2);
		rms_by_second(&config, ADC_VA + p, rms, 300);
		for (int s = 0; s < 300; s++) {
			ck_assert_double_ge(rms[s], 0.985 * 277);
			ck_assert_double_le(rms[s], 1.0005 * 277);
		}
	}
}
END_TEST

START_TEST(varying_frequency_stays_within_three_hundredths)
{
	struct adc_config config = plain();
	enum { N = 2520 * 100 };
	static double x[N];
	double before = 0, least = INFINITY, most = 0;
	unsigned crossings = 0;

	config.sim.profile = SIM_VARYING;
	collect(&config, ADC_VA, x, N);
	for (int k = 1; k < N; k++) {
		double at = k - x[k] / (x[k] - x[k - 1]);

		if (x[k - 1] >= 0 || x[k] < 0 || crossings++ % 60)
			continue;
		if (before > 0) {
			least = fmin(least, 60 * 2520 / (at - before));
			most = fmax(most, 60 * 2520 / (at - before));
		}
		before = at;
	}
	ck_assert_double_ge(least, 59.969);
	ck_assert_double_le(least, 59.98);
	ck_assert_double_ge(most, 60.02);
	ck_assert_double_le(most, 60.031);
}
END_TEST

START_TEST(time_stamp_is_that_of_the_last_scan)
{
	struct adc_config config = plain();
	struct adc *adc = open_sim(&config);

	for (unsigned b = 1; b < 1000; b++)
		ck_assert_int_eq(read_block(adc).t_ns, llroundl((b * 126 - 1) * 1e9L / 2520));
	close_sim(adc);
}
END_TEST

START_TEST(reopened_source_begins_anew_and_a_cancelled_one_never_again)
{
	struct adc_config config = plain();
	struct adc *adc = open_sim(&config);
	struct adc_info info;
	struct adc_block block = { 0 };
	double first;

	read_block(adc);
	first = samples[ADC_IA][7];
	read_block(adc);
	adc->ops->close(adc);
	ck_assert_int_eq(adc->ops->open(adc, &info), 0);
	read_block(adc);
	ck_assert(samples[ADC_IA][7] == first);
	adc->ops->cancel(adc);
	ck_assert_int_eq(adc->ops->read(adc, &block), -ECANCELED);
	adc->ops->close(adc);
	ck_assert_int_eq(adc->ops->open(adc, &info), -ECANCELED);
	adc->ops->free(adc);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim");
	TCase *tests = tcase_create("sim");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, default_wave_is_exact_also_after_twenty_minutes);
	tcase_add_test(tests, each_phase_has_its_own_voltage_current_and_power_factor);
	tcase_add_test(tests, harmonics_follow_the_fundamental_of_their_phase);
	tcase_add_test(tests, one_cycle_of_power_gives_the_power_factor);
	tcase_add_test(tests, samples_do_not_depend_on_the_block_size);
	tcase_add_test(tests, same_seed_gives_the_same_noise_another_seed_another);
	tcase_add_test(tests, noise_is_white_independent_and_as_strong_as_configured);
	tcase_add_test(tests, converter_gives_the_nearest_code_of_its_range);
	tcase_add_test(tests, input_beyond_the_range_clips_and_says_so);
	tcase_add_test(tests, constant_offset_is_that_percent_of_full_scale);
	tcase_add_test(tests, varying_load_visibly_lives_within_twenty_seconds_and_keeps_its_bounds);
	tcase_add_test(tests, varying_frequency_stays_within_three_hundredths);
	tcase_add_test(tests, time_stamp_is_that_of_the_last_scan);
	tcase_add_test(tests, reopened_source_begins_anew_and_a_cancelled_one_never_again);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
