// SPDX-License-Identifier: GPL-2.0
/*
 * simled - two made-up LEDs, "sim:alarm" and "sim:energy", that count how often each was lit.
 */
#include <linux/leds.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define LEDS 2

static unsigned long lit[LEDS];
module_param_array(lit, ulong, NULL, 0444);

static struct platform_device *device;

static void simled_set(struct led_classdev *led, enum led_brightness brightness);

static struct led_classdev leds[LEDS] = {
	{ .name = "sim:alarm", .max_brightness = 1, .brightness_set = simled_set },
	{ .name = "sim:energy", .max_brightness = 1, .brightness_set = simled_set },
};
static bool shining[LEDS];

static void simled_set(struct led_classdev *led, enum led_brightness brightness)
{
	unsigned int n = led - leds;

	if (brightness && !shining[n])
		lit[n]++;
	shining[n] = brightness;
}

static void unregister(unsigned int n)
{
	while (n--)
		led_classdev_unregister(&leds[n]);
	platform_device_unregister(device);
}

static int __init simled_init(void)
{
	unsigned int n;
	int ret;

	device = platform_device_register_simple("simled", -1, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	for (n = 0; n < LEDS; n++) {
		ret = led_classdev_register(&device->dev, &leds[n]);
		if (ret) {
			unregister(n);
			return ret;
		}
	}
	return 0;
}
module_init(simled_init);

static void __exit simled_exit(void)
{
	unregister(LEDS);
}
module_exit(simled_exit);

MODULE_DESCRIPTION("Made-up LEDs for tests");
MODULE_LICENSE("GPL");
