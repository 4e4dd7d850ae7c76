#include "metering/settings.h"
