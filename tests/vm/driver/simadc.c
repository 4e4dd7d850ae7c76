// SPDX-License-Identifier: GPL-2.0
/*
 * simadc - a made-up six-channel 16-bit ADC, whose every sample is known.
 *
 * The converter runs by itself from the moment the buffer is enabled, at
 *     rate * (1 + ppb / 10^9)   samples per second of CLOCK_MONOTONIC;
 * `ppb` is the error of its crystal.  Sample n of channel c, n counted from 0, is
 *     amp[c] * sin(2 pi (n * freq / true rate + phase[c])) + offs[c],
 * rounded, so that amplitude, phase and frequency on the wall are what the
 * parameters say whatever the crystal does.
 *
 * Its trigger is a timer that fires every `batch` sample periods; the handler
 * delivers all samples that have fallen due, as a chip with a FIFO does, so a
 * late timer delays samples and loses none.  What is lost is lost on purpose:
 *     drop     this many of the next samples are made and not delivered
 *     stall    while set, nothing is delivered
 * and is counted: made = pushed + dropped + stalled + overrun.
 *
 * Time stamps are those of the samples; with `ts_irq` they are those of the
 * timer's interrupt, as of a simple driver: several samples bear the same one,
 * and those that fell due before the handler ran, at most `early_us` after the
 * interrupt, one that is too early.
 *
 * With `wide` at loading it is a 24-bit converter: samples are big endian, at
 * the upper end of 32 bits, in steps of 1/250 of the others.  With `bare` its
 * samples bear no time stamps.
 *
 * The device has no trigger until one is set and starts at a sampling
 * frequency that nobody wants: a client has to set up both.  Beside it stands
 * "simaux", a device of one channel without a buffer, which is no meter's ADC.
 */
#include <linux/hrtimer.h>
#include <linux/iio/buffer.h>
#include <linux/iio/iio.h>
#include <linux/iio/trigger.h>
#include <linux/iio/trigger_consumer.h>
#include <linux/iio/triggered_buffer.h>
#include <linux/math64.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define NCH 6
#define WIDE_STEPS 250	/* of the wide converter in one of the narrow one */

static const int rates[] = { 2520, 4000, 5040, 10000 };

static unsigned int rate = 10000;		/* nominal samples per second */
static int ppb;					/* error of the crystal, 10^-9 */
static unsigned int batch = 8;			/* samples per timer tick */
static unsigned int freq_uhz = 50000000;	/* of the sines, 10^-6 Hz */
static int amp[NCH] = { 20000, 20000, 20000, 10000, 10000, 10000 };
static int phase_mdeg[NCH] = { 0, -120000, 120000, -30000, -150000, 90000 };
static int offs[NCH];
static unsigned int scale_pv[NCH] = {		/* picovolts per step */
	62500000, 62500000, 62500000, 62500000, 62500000, 62500000 };
static bool stall, ts_irq, wide, bare;
static unsigned int early_us = 4000, drop;
static unsigned long made, pushed, dropped, stalled, overrun, starts;

module_param(rate, uint, 0444);
module_param(ppb, int, 0644);			/* taken when the buffer is enabled */
module_param(batch, uint, 0644);
module_param(freq_uhz, uint, 0644);
module_param_array(amp, int, NULL, 0644);
module_param_array(phase_mdeg, int, NULL, 0644);
module_param_array(offs, int, NULL, 0644);
module_param_array(scale_pv, uint, NULL, 0444);
module_param(stall, bool, 0644);
module_param(ts_irq, bool, 0644);
module_param(early_us, uint, 0644);
module_param(wide, bool, 0444);
module_param(bare, bool, 0444);
module_param(drop, uint, 0644);
module_param(made, ulong, 0444);
module_param(pushed, ulong, 0444);
module_param(dropped, ulong, 0444);
module_param(stalled, ulong, 0444);
module_param(overrun, ulong, 0444);		/* refused by a full kfifo */
module_param(starts, ulong, 0444);		/* how often the buffer was enabled */

struct simadc {
	struct iio_trigger *trig;
	struct hrtimer timer;
	u64 rate_nhz;		/* true samples per second, 10^-9 Hz */
	ktime_t t0;		/* CLOCK_MONOTONIC of sample 0 */
	s64 ts0;		/* the same instant on the device's clock */
	u64 n;			/* next sample */
	u64 phase;		/* of the next sample, 2^-64 turns */
	union {
		s16 narrow[NCH];
		__be32 wide[NCH];
		u8 bytes[NCH * sizeof(u32) + sizeof(s64)];	/* with the time stamp */
	} scan __aligned(8);
};

/* Sine of ph * 2^-32 turns, Q30: odd Taylor series over a quarter turn, error below 10^-8. */
static s32 sin_q30(u32 ph)
{
	static const s64 k[] = { /* (pi/2)^m / m! for m = 1, 3 .. 13, Q30 */
		1686629713LL, -693598668LL, 85569306LL, -5026995LL, 172272LL, -3864LL, 61LL };
	s64 x, x2, sum = 0;
	int i;

	if (ph > 0x40000000u && ph < 0xc0000000u)
		ph = 0x80000000u - ph;		/* sin(1/2 - a) = sin(a) */
	x = (s32)ph;				/* a quarter turn is 1 in Q30 */
	x2 = (x * x) >> 30;
	for (i = ARRAY_SIZE(k) - 1; i >= 0; i--)
		sum = k[i] + ((sum * x2) >> 30);
	return (sum * x) >> 30;
}

static s32 sample(u64 phase, int c)
{
	u64 turn = div_s64((s64)phase_mdeg[c] << 32, 360000);
	int steps = wide ? WIDE_STEPS : 1;
	s64 v = (s64)amp[c] * steps * sin_q30((u32)(phase >> 32) + (u32)turn);

	return clamp_t(s64, ((v + (1 << 29)) >> 30) + offs[c] * steps, -32768 * steps, 32767 * steps);
}

static void convert(struct simadc *s)
{
	int c;

	for (c = 0; c < NCH; c++) {
		s32 v = sample(s->phase, c);

		if (wide)
			s->scan.wide[c] = cpu_to_be32((u32)v << 8);
		else
			s->scan.narrow[c] = v;
	}
}

/* freq / true rate in 2^-64 turns, to two of them. */
static u64 phase_step(const struct simadc *s)
{
	return mul_u64_u64_div_u64((u64)freq_uhz * 1000, 1ULL << 63, s->rate_nhz) << 1;
}

static bool lost_on_purpose(void)
{
	if (stall) {
		stalled++;
		return true;
	}
	if (drop) {
		drop--;
		dropped++;
		return true;
	}
	return false;
}

static irqreturn_t simadc_handler(int irq, void *p)
{
	struct iio_poll_func *pf = p;
	struct iio_dev *idev = pf->indio_dev;
	struct simadc *s = iio_priv(idev);
	s64 elapsed = ktime_to_ns(ktime_sub(ktime_get(), s->t0)), ts;
	u64 step = phase_step(s), due;

	if (ts_irq)
		elapsed = min(elapsed, pf->timestamp - s->ts0 + early_us * 1000LL);
	due = mul_u64_u64_div_u64(max(elapsed, 0LL), s->rate_nhz, 1000000000000000000ULL);
	for (; s->n < due; s->n++, s->phase += step) {
		made++;
		if (lost_on_purpose())
			continue;
		convert(s);
		ts = ts_irq ? pf->timestamp :
			s->ts0 + (s64)mul_u64_u64_div_u64(s->n, 1000000000000000000ULL, s->rate_nhz);
		if (iio_push_to_buffers_with_timestamp(idev, &s->scan, ts))
			overrun++;
		else
			pushed++;
	}
	iio_trigger_notify_done(idev->trig);
	return IRQ_HANDLED;
}

static enum hrtimer_restart simadc_tick(struct hrtimer *timer)
{
	struct simadc *s = container_of(timer, struct simadc, timer);

	hrtimer_forward_now(timer, ns_to_ktime(div_u64((u64)max(batch, 1u) * NSEC_PER_SEC, rate)));
	iio_trigger_poll(s->trig);
	return HRTIMER_RESTART;
}

static int simadc_set_state(struct iio_trigger *trig, bool on)
{
	struct iio_dev *idev = iio_trigger_get_drvdata(trig);
	struct simadc *s = iio_priv(idev);

	if (!on) {
		hrtimer_cancel(&s->timer);
		return 0;
	}
	starts++;
	s->rate_nhz = (u64)rate * (NSEC_PER_SEC + ppb);
	s->n = s->phase = 0;
	s->ts0 = iio_get_time_ns(idev);
	s->t0 = ktime_get();
	hrtimer_start(&s->timer, ns_to_ktime(NSEC_PER_SEC / rate), HRTIMER_MODE_REL_HARD);
	return 0;
}

static const struct iio_trigger_ops trigger_ops = {
	.set_trigger_state = simadc_set_state,
};

static int simadc_read_raw(struct iio_dev *idev, struct iio_chan_spec const *ch,
			   int *val, int *val2, long mask)
{
	switch (mask) {
	case IIO_CHAN_INFO_RAW:		/* at rest it shows where sample 0 will be */
		*val = sample(0, ch->channel);
		return IIO_VAL_INT;
	case IIO_CHAN_INFO_SCALE:	/* IIO's voltages are in millivolts */
		*val = scale_pv[ch->channel] / (wide ? WIDE_STEPS : 1) / 1000000000;
		*val2 = scale_pv[ch->channel] / (wide ? WIDE_STEPS : 1) % 1000000000;
		return IIO_VAL_INT_PLUS_NANO;
	case IIO_CHAN_INFO_SAMP_FREQ:
		*val = rate;
		return IIO_VAL_INT;
	}
	return -EINVAL;
}

static int simadc_read_avail(struct iio_dev *idev, struct iio_chan_spec const *ch,
			     const int **vals, int *type, int *length, long mask)
{
	if (mask != IIO_CHAN_INFO_SAMP_FREQ)
		return -EINVAL;
	*vals = rates;
	*type = IIO_VAL_INT;
	*length = ARRAY_SIZE(rates);
	return IIO_AVAIL_LIST;
}

static int simadc_write_raw(struct iio_dev *idev, struct iio_chan_spec const *ch,
			    int val, int val2, long mask)
{
	int i, ret;

	if (mask != IIO_CHAN_INFO_SAMP_FREQ || val2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(rates); i++)
		if (rates[i] == val)
			break;
	if (i == ARRAY_SIZE(rates))
		return -EINVAL;
	ret = iio_device_claim_direct_mode(idev);
	if (ret)
		return ret;
	rate = val;
	iio_device_release_direct_mode(idev);
	return 0;
}

static const struct iio_info simadc_info = {
	.read_raw = simadc_read_raw, .read_avail = simadc_read_avail, .write_raw = simadc_write_raw,
};
static const struct iio_info simaux_info = { .read_raw = simadc_read_raw };

#define CH(i, bits, width, order) { .type = IIO_VOLTAGE, .indexed = 1, .channel = (i), .scan_index = (i), \
	.info_mask_separate = BIT(IIO_CHAN_INFO_RAW) | BIT(IIO_CHAN_INFO_SCALE),		\
	.info_mask_shared_by_all = BIT(IIO_CHAN_INFO_SAMP_FREQ),				\
	.info_mask_shared_by_all_available = BIT(IIO_CHAN_INFO_SAMP_FREQ),			\
	.scan_type = { .sign = 's', .realbits = (bits), .storagebits = (width),			\
		       .shift = (width) - (bits), .endianness = (order) } }
#define CHANNELS(bits, width, order) {								\
	CH(0, bits, width, order), CH(1, bits, width, order), CH(2, bits, width, order),	\
	CH(3, bits, width, order), CH(4, bits, width, order), CH(5, bits, width, order),	\
	IIO_CHAN_SOFT_TIMESTAMP(NCH) }

static const struct iio_chan_spec narrow_channels[] = CHANNELS(16, 16, IIO_LE);
static const struct iio_chan_spec wide_channels[] = CHANNELS(24, 32, IIO_BE);
static const unsigned long simadc_masks[] = { GENMASK(NCH - 1, 0), 0 };

static const struct iio_chan_spec simaux_channels[] = {
	{ .type = IIO_VOLTAGE, .indexed = 1, .channel = 0, .scan_index = -1,
	  .info_mask_separate = BIT(IIO_CHAN_INFO_RAW) },
};

static int simaux_probe(struct device *dev, struct iio_dev *idev)
{
	idev->info = &simaux_info;
	idev->modes = INDIO_DIRECT_MODE;
	idev->channels = simaux_channels;
	idev->num_channels = ARRAY_SIZE(simaux_channels);
	return devm_iio_device_register(dev, idev);
}

static int simadc_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct iio_dev *idev = devm_iio_device_alloc(dev, sizeof(struct simadc));
	struct simadc *s;
	int ret;

	if (!idev)
		return -ENOMEM;
	idev->name = platform_get_device_id(pdev)->name;
	if (platform_get_device_id(pdev)->driver_data)
		return simaux_probe(dev, idev);
	s = iio_priv(idev);
	hrtimer_init(&s->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	s->timer.function = simadc_tick;
	idev->info = &simadc_info;
	idev->modes = INDIO_DIRECT_MODE;
	idev->channels = wide ? wide_channels : narrow_channels;
	idev->num_channels = ARRAY_SIZE(narrow_channels) - bare;
	idev->available_scan_masks = simadc_masks;
	s->trig = devm_iio_trigger_alloc(dev, "simadc-timer");
	if (!s->trig)
		return -ENOMEM;
	s->trig->ops = &trigger_ops;
	iio_trigger_set_drvdata(s->trig, idev);
	ret = devm_iio_trigger_register(dev, s->trig);
	if (ret)
		return ret;
	ret = devm_iio_triggered_buffer_setup(dev, idev, iio_pollfunc_store_time,
					      simadc_handler, NULL);
	return ret ? ret : devm_iio_device_register(dev, idev);
}

static const struct platform_device_id simadc_ids[] = {
	{ .name = "simadc", .driver_data = 0 },
	{ .name = "simaux", .driver_data = 1 },
	{ }
};

static struct platform_driver simadc_driver = {
	.driver = { .name = "simadc" }, .id_table = simadc_ids, .probe = simadc_probe,
};
static struct platform_device *devices[ARRAY_SIZE(simadc_ids) - 1];

static void simadc_remove_devices(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (!IS_ERR_OR_NULL(devices[i]))
			platform_device_unregister(devices[i]);
}

static int __init simadc_init(void)
{
	int i, ret = platform_driver_register(&simadc_driver);

	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		devices[i] = platform_device_register_simple(simadc_ids[i].name, -1, NULL, 0);
		if (IS_ERR(devices[i])) {
			simadc_remove_devices();
			platform_driver_unregister(&simadc_driver);
			return PTR_ERR(devices[i]);
		}
	}
	return 0;
}

static void __exit simadc_exit(void)
{
	simadc_remove_devices();
	platform_driver_unregister(&simadc_driver);
}
module_init(simadc_init);
module_exit(simadc_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Simulated six-channel IIO ADC for tests");
