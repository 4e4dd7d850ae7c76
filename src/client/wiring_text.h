/* wiring_text - the findings of the wiring check in plain words. */
#ifndef CLIENT_WIRING_TEXT_H
#define CLIENT_WIRING_TEXT_H

#include <stddef.h>

#include "metering/wiring.h"

enum { WIRING_SENTENCE = 256 };

/* What is found: "Current B is reversed." */
void wiring_text_finding(const struct wiring_finding *finding, char text[WIRING_SENTENCE]);

/* What to do about it, "" when nothing is to be done. */
void wiring_text_remedy(const struct wiring_finding *finding, char text[WIRING_SENTENCE]);

/* All findings of an explanation in one line; "All is connected as it should be." without any. */
void wiring_text_explanation(const struct wiring_explanation *explanation, char *text, size_t size);

/* "A-B-C", "A-C-B" or "not told". */
const char *wiring_text_rotation(int rotation);

#endif
