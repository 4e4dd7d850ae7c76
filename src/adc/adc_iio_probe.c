#include "adc/adc_iio_probe.h"

#include <iio.h>
#include <stdio.h>
#include <string.h>

#include "adc/adc_iio_capture.h"

static void describe(const struct capture *capture, struct adc_iio_probe *probe)
{
	const char *name = iio_device_get_name(capture->device);

	snprintf(probe->id, sizeof(probe->id), "%s", iio_device_get_id(capture->device));
	snprintf(probe->name, sizeof(probe->name), "%s", name ? name : "");
	probe->stamped = capture->timestamp != NULL;
}

int adc_iio_probe(const struct adc_config *config, struct adc_iio_probe *probe)
{
	static const atomic_bool never;
	struct capture capture;
	int error;

	memset(probe, 0, sizeof(*probe));
	memset(&capture, 0, sizeof(capture));
	capture.config = config;
	capture.given_up = &never;
	error = capture_create_context(&capture);
	if (!error)
		error = capture_find_device(&capture);
	if (capture.device)
		describe(&capture, probe);
	if (!error)
		error = capture_check_formats(&capture);
	if (!error) {
		capture_look_at_trigger(&capture, probe);
		capture_look_at_rate(&capture, probe);
	}
	if (error)
		snprintf(probe->why, sizeof(probe->why), "%s", capture.error);
	capture_close(&capture);
	return error;
}
