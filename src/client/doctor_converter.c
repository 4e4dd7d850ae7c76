/* Where samples come from: the IIO device as the daemon would find it, its rights, its trigger and rate, who has its buffer; or a recording. */
#include <errno.h>
#include <fnmatch.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adc/adc_iio_probe.h"
#include "adc/comtrade_open.h"
#include "client/doctor.h"
#include "daemon/log.h"

#define PROBE_LIMIT_S 10
#define DEVICES "bus/iio/devices"

static const char part[] = "converter";
static const char udev[] = "udevadm control --reload && udevadm trigger --subsystem-match=iio";

/* In memory that both processes share. */
struct probing {
	struct adc_config config;
	struct adc_iio_probe probe;
};

static int probe(void *context)
{
	struct probing *probing = context;

	return adc_iio_probe(&probing->config, &probing->probe);
}

static bool is_local(const struct adc_config *adc)
{
	return !*adc->uri || !strncmp(adc->uri, "local:", 6);
}

/* What the daemon writes: names in a directory below the device's, or in that. */
struct written {
	const char *directory, *pattern;
};

/* The first of them that is there and that the user may not write; "" = none. */
static void find_denied(const struct doctor *doctor, const char *device, const struct written *written, char *denied, size_t size)
{
	char path[DOCTOR_PATH + 32];
	struct dirent *entry;
	DIR *files;

	snprintf(path, sizeof(path), "%s%s%s", device, *written->directory ? "/" : "", written->directory);
	files = opendir(path);
	while (files && !*denied && (entry = readdir(files))) {
		char file[sizeof(path) + 300];

		if (fnmatch(written->pattern, entry->d_name, 0))
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (doctor_access(&doctor->user, file, W_OK))
			snprintf(denied, size, "%s", file);
	}
	if (files)
		closedir(files);
}

/* The directory of the configured trigger, by its name.  False: there is none. */
static bool find_trigger(const struct doctor *doctor, char *directory, size_t size)
{
	const char *wanted = doctor->config.adc.trigger;
	char path[DOCTOR_PATH], name[128];
	struct dirent *entry;
	bool found = false;
	DIR *devices;

	snprintf(path, sizeof(path), "%s/%s", doctor->paths.sys, DEVICES);
	devices = *wanted ? opendir(path) : NULL;
	while (devices && !found && (entry = readdir(devices)))
		found = !fnmatch("trigger[0-9]*", entry->d_name, 0) &&
			(size_t)snprintf(directory, size, "%s/%s", path, entry->d_name) < size &&
			doctor_read(name, sizeof(name), "%s/name", directory) && !strcmp(name, wanted);
	if (devices)
		closedir(devices);
	return found;
}

static void check_attributes(struct doctor *doctor, const char *device)
{
	static const struct written written[] = {
		{ "buffer", "enable" }, { "buffer", "length" }, { "scan_elements", "*_en" }, { "", "sampling_frequency" },
		{ "", "in_*_sampling_frequency" }, { "", "current_timestamp_clock" }, { "trigger", "current_trigger" },
	};
	static const struct written rate = { "", "sampling_frequency" };
	size_t n = sizeof(written) / sizeof(written[0]);
	char trigger[DOCTOR_PATH], denied[DOCTOR_PATH + 332] = "";

	/* The trigger is written only where one is configured. */
	if (!*doctor->config.adc.trigger)
		n--;
	for (size_t i = 0; i < n && !*denied; i++)
		find_denied(doctor, device, &written[i], denied, sizeof(denied));
	if (!*denied && find_trigger(doctor, trigger, sizeof(trigger)))
		find_denied(doctor, trigger, &rate, denied, sizeof(denied));
	if (*denied)
		doctor_say_denied(doctor, part, denied, W_OK, -EACCES, udev);
}

static void check_node(struct doctor *doctor, const char *id)
{
	struct doctor_holder rival;
	char path[DOCTOR_PATH];
	int error;

	snprintf(path, sizeof(path), "%s/%s", doctor->paths.gpio.dev, id);
	error = doctor_access(&doctor->user, path, R_OK | W_OK);
	if (error == -ENOENT) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s is not there: has the driver a buffer, has udev made the node?", path);
		doctor_mend(doctor, "%s", udev);
	} else if (error) {
		doctor_say_denied(doctor, part, path, R_OK | W_OK, error, udev);
	}
	if (doctor_find_rival(doctor, path, &rival)) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: process %ld (%s) has its buffer", path, (long)rival.pid, rival.name);
		doctor_mend(doctor, "systemctl status %ld shows whose it is; stop that", (long)rival.pid);
	}
}

static void check_trigger(struct doctor *doctor, const struct adc_iio_probe *found)
{
	const char *wanted = doctor->config.adc.trigger;

	if (!found->has_wanted_trigger) {
		doctor_say(doctor, DOCTOR_FAIL, part, "adc.trigger \"%s\" is not among the triggers: %s", wanted, found->triggers);
		doctor_mend(doctor, "a trigger of a timer: mkdir /sys/kernel/config/iio/triggers/hrtimer/%s", wanted);
	} else if (!*wanted && found->takes_trigger && !*found->trigger) {
		doctor_say(doctor, DOCTOR_WARN, part, "%s: no trigger is chosen; without one most devices do not sample; triggers: %s", found->id,
			   found->triggers);
		doctor_mend(doctor, "adc.trigger in %s", doctor->file);
	}
}

static void check_rate(struct doctor *doctor, const struct adc_iio_probe *found)
{
	double wanted_hz = doctor->config.adc.rate_hz;

	if (!found->has_rate)
		doctor_say(doctor, DOCTOR_WARN, part, "%s states no rate: the first samples tell whether it is near %g", found->id, wanted_hz);
	else if (found->listed && (found->chosen_hz < ADC_RATE_MIN_HZ || found->chosen_hz > ADC_RATE_MAX_HZ))
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: of its rates %g Hz would be taken, must be %d to %d", found->id, found->chosen_hz,
			   ADC_RATE_MIN_HZ, ADC_RATE_MAX_HZ);
	else if (found->listed && found->chosen_hz < wanted_hz * (1 - 1e-6))
		doctor_say(doctor, DOCTOR_WARN, part, "%s: %g Hz is its highest rate, adc.rate asks for %g", found->id, found->chosen_hz, wanted_hz);
	else
		return;
	doctor_mend(doctor, "adc.rate in %s", doctor->file);
}

static void judge(struct doctor *doctor, const struct adc_iio_probe *found)
{
	const struct adc_config *adc = &doctor->config.adc;
	unsigned before = doctor->findings;
	char directory[DOCTOR_PATH], rate[64] = "";

	if (is_local(adc)) {
		snprintf(directory, sizeof(directory), "%s/%s/%s", doctor->paths.sys, DEVICES, found->id);
		check_node(doctor, found->id);
		check_attributes(doctor, directory);
	}
	check_trigger(doctor, found);
	check_rate(doctor, found);
	if (doctor->findings > before)
		return;
	if (found->listed)
		snprintf(rate, sizeof(rate), ", %g Hz is to be had", found->chosen_hz);
	else if (found->rate_hz > 0)
		snprintf(rate, sizeof(rate), ", %g Hz at present", found->rate_hz);
	doctor_say(doctor, DOCTOR_OK, part, "%s (%s): the six channels are there%s%s", found->id, found->name, rate,
		   found->stamped ? "" : "; no time stamps: losses are told by the clock");
}

static void mend_missing(struct doctor *doctor, const struct probing *probing)
{
	if (!is_local(&probing->config))
		doctor_mend(doctor, "iio_info -u %s shows what is there", probing->config.uri);
	else if (*probing->probe.id)
		doctor_mend(doctor, "iio_info shows the channels; then adc.channels in %s", doctor->file);
	else
		doctor_mend(doctor, "cat /sys/bus/iio/devices/*/name lists the devices; load the driver (modprobe, device tree), or adc.device in %s",
			    doctor->file);
}

static void check_network(struct doctor *doctor)
{
	const struct doctor_unit *unit = &doctor->units.service;

	if (!doctor->of_service || strncmp(doctor->config.adc.uri, "ip:", 3) != 0 || strcmp(unit->network, "yes") != 0)
		return;
	doctor_say(doctor, DOCTOR_FAIL, part, "adc.uri \"%s\": %s has no network (PrivateNetwork=yes)", doctor->config.adc.uri, unit->name);
	doctor_mend(doctor, "systemctl edit %s: the lines that dinmeterd(8) has under SERVICE; then systemctl restart %s", unit->name, unit->name);
}

static void say_short(struct doctor *doctor)
{
	doctor_say(doctor, DOCTOR_FAIL, part, "memory is short");
	doctor_mend(doctor, "ps --sort=-rss -eo rss,pid,comm shows who has it");
}

static void check_iio(struct doctor *doctor)
{
	struct probing *probing = mmap(NULL, sizeof(*probing), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error;

	if (probing == MAP_FAILED) {
		say_short(doctor);
		return;
	}
	check_network(doctor);
	probing->config = doctor->config.adc;
	error = doctor_run(&doctor->user, probe, probing, PROBE_LIMIT_S);
	if (error == -ETIMEDOUT)
		doctor_say(doctor, DOCTOR_FAIL, part, "adc.uri \"%s\": no answer within %d s", probing->config.uri, PROBE_LIMIT_S);
	else if (error)
		doctor_say(doctor, DOCTOR_FAIL, part, "%s", *probing->probe.why ? probing->probe.why : strerror(-error));
	if (error)
		mend_missing(doctor, probing);
	else
		judge(doctor, &probing->probe);
	munmap(probing, sizeof(*probing));
}

/* In memory that both processes share. */
struct playing {
	struct adc_config config;
	struct comtrade_recording recording;
};

static int play(void *context)
{
	struct playing *playing = context;
	atomic_bool never = false;

	log_set_level(LOG_ERR);
	return comtrade_recording_open(&playing->recording, playing->config.recording, playing->config.channel, &never);
}

/* As the daemon opens it. */
static void judge_recording(struct doctor *doctor, struct playing *playing)
{
	int error = doctor_run(&doctor->user, play, playing, PROBE_LIMIT_S);
	const char *data = playing->recording.data_path, *why = playing->recording.message;
	int denied = *data ? doctor_access(&doctor->user, data, R_OK) : 0;

	if (denied == -EACCES) {
		doctor_say_denied(doctor, part, data, R_OK, denied, NULL);
	} else if (error == -ETIMEDOUT) {
		doctor_say(doctor, DOCTOR_WARN, part, "a recording, %s: not read to its end within %d s", playing->config.recording, PROBE_LIMIT_S);
	} else if (error) {
		doctor_say(doctor, DOCTOR_FAIL, part, "adc.recording: %s", *why ? why : strerror(-error));
		doctor_mend(doctor, "adc.recording in %s", doctor->file);
	} else {
		doctor_say(doctor, DOCTOR_OK, part, "a recording, %s", playing->config.recording);
	}
}

static void check_recording(struct doctor *doctor, const char *path)
{
	int error = doctor_access(&doctor->user, path, R_OK);
	struct playing *playing;

	if (error == -EACCES) {
		doctor_say_denied(doctor, part, path, R_OK, error, NULL);
		return;
	}
	playing = mmap(NULL, sizeof(*playing), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (playing == MAP_FAILED) {
		say_short(doctor);
		return;
	}
	playing->config = doctor->config.adc;
	judge_recording(doctor, playing);
	munmap(playing, sizeof(*playing));
}

void doctor_check_converter(struct doctor *doctor)
{
	const struct adc_config *adc = &doctor->config.adc;

	if (!strcmp(adc->source, "sim"))
		doctor_say(doctor, DOCTOR_OK, part, "simulated: no hardware is measured");
	else if (!strcmp(adc->source, "comtrade"))
		check_recording(doctor, adc->recording);
	else
		check_iio(doctor);
}
