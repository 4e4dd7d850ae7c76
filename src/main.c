/* dinmeterd: options, then daemon_run().  All else is a library that tests link too. */
#include "daemon/daemon.h"
#include "daemon/streams.h"

int main(int argc, char **argv)
{
	streams_reserve();
	return streams_finish("dinmeterd", daemon_main(argc, argv));
}
