/*
 * comtrade_cff - section headings of a combined file (IEEE C37.111-2013): "--- file type: DAT BINARY: 4214 ---".  Pure.
 */
#ifndef ADC_COMTRADE_CFF_H
#define ADC_COMTRADE_CFF_H

#include "adc/comtrade_cfg.h"

enum comtrade_section { COMTRADE_SECTION_CFG, COMTRADE_SECTION_INF, COMTRADE_SECTION_HDR, COMTRADE_SECTION_DAT, COMTRADE_SECTION_OTHER };

struct comtrade_heading {
	enum comtrade_section section;
	bool has_format, has_bytes;	/* DAT: its format and length stand there */
	enum comtrade_format format;
	uint64_t bytes;
};

/* True when the line is a heading; blanks and case do not matter. */
bool comtrade_heading_parse(struct comtrade_span line, struct comtrade_heading *heading);

#endif
