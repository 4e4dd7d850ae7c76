/* dinmeterd: options, then daemon_run().  All else is a library that tests link too. */
#include "daemon/daemon.h"

int main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
