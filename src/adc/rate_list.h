/*
 * rate_list - which of the rates that a converter offers is to be taken.  Pure.
 *
 * The kernel's ABI (Documentation/ABI/testing/sysfs-bus-iio, "*_available") knows two forms: a list of values
 * separated by blanks, and a range "[min step max]".
 */
#ifndef ADC_RATE_LIST_H
#define ADC_RATE_LIST_H

/*
 * The lowest rate of `text` at or above `wanted_hz`, or the highest one where none reaches it, into *rate_hz.
 * A rate within a millionth of the wanted one counts as reaching it.
 * 0, or -EINVAL where the text is neither form or holds nothing finite above 0.
 */
int rate_list_choose(const char *text, double wanted_hz, double *rate_hz);

#endif
