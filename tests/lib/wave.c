#include "lib/wave.h"

#include <math.h>
#include <string.h>

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

double wave_uniform(uint64_t *state)
{
	return (next_random(state) >> 11) * 0x1p-53;
}

double wave_normal(uint64_t *state)
{
	double u = wave_uniform(state), v = wave_uniform(state);

	return sqrt(-2 * log(1 - u)) * cos(2 * M_PI * v);
}

void wave_three_phase(struct wave *wave, double rate_hz, double hz, double v, double i, double lag, double start)
{
	memset(wave, 0, sizeof(*wave));
	wave->hz = hz;
	wave->rate_hz = rate_hz;
	for (int phase = 0; phase < 3; phase++) {
		struct wave_channel *voltage = &wave->channel[ADC_VA + phase], *current = &wave->channel[ADC_IA + phase];

		voltage->rms[1] = v;
		voltage->phase[1] = start - phase * 2 * M_PI / 3;
		current->rms[1] = i;
		current->phase[1] = voltage->phase[1] - lag;
	}
}

void wave_add_harmonic(struct wave *wave, int h, double v_part, double i_part, double v_phase, double i_phase)
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct wave_channel *channel = &wave->channel[c];
		const struct wave_channel *voltage = &wave->channel[c % 3];

		channel->rms[h] = channel->rms[1] * (c < 3 ? v_part : i_part);
		channel->phase[h] = h * voltage->phase[1] + (c < 3 ? v_phase : i_phase);
	}
}

/* One sine: exact at the start of each run of 64 samples, turned in between. */
static void add_sine(double amplitude, double cycles_per_sample, double phase, uint64_t from, unsigned n, double *out)
{
	double step_re = cos(2 * M_PI * cycles_per_sample), step_im = sin(2 * M_PI * cycles_per_sample);

	for (unsigned i = 0; i < n; i += 64) {
		long double cycles = (long double)cycles_per_sample * (from + i);
		double angle = 2 * M_PI * (double)(cycles - floorl(cycles)) + phase;
		double re = amplitude * cos(angle), im = amplitude * sin(angle);

		for (unsigned k = i; k < n && k < i + 64; k++) {
			double t = re * step_re - im * step_im;

			out[k] += re;
			im = re * step_im + im * step_re;
			re = t;
		}
	}
}

static void convert(const struct wave *wave, int c, uint64_t from, unsigned n, double *out)
{
	uint64_t state = wave->seed + from * ADC_CHANNELS + (uint64_t)c * 0x5851f42d4c957f2du;

	for (unsigned k = 0; wave->lsb[c] > 0 && k < n; k++)
		out[k] = wave->lsb[c] * round(out[k] / wave->lsb[c] + wave->noise_lsb * wave_normal(&state));
	for (unsigned k = 0; wave->as_float && k < n; k++)
		out[k] = (float)out[k];
}

void wave_fill(const struct wave *wave, uint64_t from, unsigned n, double *const scans[ADC_CHANNELS])
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		const struct wave_channel *channel = &wave->channel[c];

		for (unsigned k = 0; k < n; k++)
			scans[c][k] = channel->rms[0];
		for (int h = 1; h <= WAVE_HARMONICS; h++)
			if (channel->rms[h] != 0)
				add_sine(channel->rms[h] * M_SQRT2, h * wave->hz / wave->rate_hz,
					 channel->phase[h] - 2 * M_PI * h * wave->hz * wave->delay_us[c] * 1e-6, from, n, scans[c]);
		convert(wave, c, from, n, scans[c]);
	}
}

double wave_rms(const struct wave_channel *a)
{
	double sum = 0;

	for (int h = 1; h <= WAVE_HARMONICS; h++)
		sum += a->rms[h] * a->rms[h];
	return sqrt(sum);
}

double wave_difference_rms(const struct wave_channel *a, const struct wave_channel *b)
{
	double sum = 0;

	for (int h = 1; h <= WAVE_HARMONICS; h++)
		sum += a->rms[h] * a->rms[h] + b->rms[h] * b->rms[h] -
		       2 * a->rms[h] * b->rms[h] * cos(a->phase[h] - b->phase[h]);
	return sqrt(fmax(sum, 0));
}

double wave_power(const struct wave_channel *v, const struct wave_channel *i)
{
	double sum = 0;

	for (int h = 1; h <= WAVE_HARMONICS; h++)
		sum += v->rms[h] * i->rms[h] * cos(v->phase[h] - i->phase[h]);
	return sum;
}

double wave_reactive(const struct wave_channel *v, const struct wave_channel *i)
{
	return v->rms[1] * i->rms[1] * sin(v->phase[1] - i->phase[1]);
}
