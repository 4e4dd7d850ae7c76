// SPDX-License-Identifier: GPL-2.0
/*
 * simgpio - a made-up GPIO chip of eight outputs that keeps account of each pin: its level, how often it rose, and how
 * long it stood high and low at least between two edges, in microseconds of CLOCK_MONOTONIC (0: not yet).
 *
 * Line 3 has the name "ALARM", the others have none.  A line that nobody holds goes low, as by a resistor, and its account
 * of lengths starts anew; with `keeps` it stays as it is, as with drivers that do not care.
 *
 * The chip can do nothing but outputs, unless `inputs` is set, which lets its lines be told to be inputs (low).
 *
 * Without `named` no line has a name: Linux 6.1 does not survive a chip with names that comes after one that went
 * away with lines held.
 */
#include <linux/gpio/driver.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

#define LINES 8

static int level[LINES];
static unsigned long rises[LINES], high_us[LINES], low_us[LINES];
static bool keeps, inputs, named = true;
module_param_array(level, int, NULL, 0444);
module_param_array(rises, ulong, NULL, 0444);
module_param_array(high_us, ulong, NULL, 0444);
module_param_array(low_us, ulong, NULL, 0444);
module_param(keeps, bool, 0644);
module_param(inputs, bool, 0644);	/* taken when the chip appears, as is: */
module_param(named, bool, 0644);

static DEFINE_SPINLOCK(lock);
static ktime_t edge[LINES];		/* 0: the pin's first edge is to come */
static struct platform_device *device;

static void shorten(unsigned long *least, unsigned long us)
{
	if (!*least || us < *least)
		*least = us;
}

static void simgpio_set(struct gpio_chip *chip, unsigned int line, int value)
{
	ktime_t now = ktime_get();
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (!!value != level[line]) {
		if (edge[line])
			shorten(level[line] ? &high_us[line] : &low_us[line], ktime_us_delta(now, edge[line]));
		edge[line] = now;
		level[line] = !!value;
		rises[line] += level[line];
	}
	spin_unlock_irqrestore(&lock, flags);
}

static int simgpio_direction_output(struct gpio_chip *chip, unsigned int line, int value)
{
	simgpio_set(chip, line, value);
	return 0;
}

static int simgpio_direction_input(struct gpio_chip *chip, unsigned int line)
{
	simgpio_set(chip, line, 0);
	return 0;
}

static int simgpio_get(struct gpio_chip *chip, unsigned int line)
{
	return level[line];
}

static int simgpio_get_direction(struct gpio_chip *chip, unsigned int line)
{
	return GPIO_LINE_DIRECTION_OUT;
}

static void simgpio_free(struct gpio_chip *chip, unsigned int line)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	edge[line] = 0;
	if (!keeps)
		level[line] = 0;
	spin_unlock_irqrestore(&lock, flags);
}

static const char *const names[LINES] = { [3] = "ALARM" };

static int simgpio_probe(struct platform_device *pdev)
{
	struct gpio_chip *chip = devm_kzalloc(&pdev->dev, sizeof(*chip), GFP_KERNEL);

	if (!chip)
		return -ENOMEM;
	chip->label = "simgpio";
	chip->parent = &pdev->dev;
	chip->owner = THIS_MODULE;
	chip->base = -1;
	chip->ngpio = LINES;
	chip->names = named ? names : NULL;
	chip->free = simgpio_free;
	chip->get = simgpio_get;
	chip->set = simgpio_set;
	chip->get_direction = simgpio_get_direction;
	chip->direction_input = inputs ? simgpio_direction_input : NULL;
	chip->direction_output = simgpio_direction_output;
	return devm_gpiochip_add_data(&pdev->dev, chip, NULL);
}

static struct platform_driver simgpio_driver = {
	.probe = simgpio_probe,
	.driver = { .name = "simgpio" },
};

static int __init simgpio_init(void)
{
	int ret = platform_driver_register(&simgpio_driver);

	if (ret)
		return ret;
	device = platform_device_register_simple("simgpio", PLATFORM_DEVID_NONE, NULL, 0);
	if (!IS_ERR(device))
		return 0;
	platform_driver_unregister(&simgpio_driver);
	return PTR_ERR(device);
}

static void __exit simgpio_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&simgpio_driver);
}

module_init(simgpio_init);
module_exit(simgpio_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Simulated GPIO chip for tests");
