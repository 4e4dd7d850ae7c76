#include "client/client.h"

int client_analyze(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 2;
}
