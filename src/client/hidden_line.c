#include "client/hidden_line.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

/* Where a handler finds them. */
static struct termios before, quiet;
static struct sigaction inherited[CAUGHT];

static void catch(size_t i);

/* Gives the terminal back and lets the signal do what it does; whoever is continued after a stop hides again. */
static void give_back(int number)
{
	sigset_t set, outer;
	int error = errno;
	size_t i = 0;

	while (i < CAUGHT - 1 && caught[i] != number)
		i++;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	sigaction(number, &inherited[i], NULL);
	/* blocked while its handler runs: it comes here, and not later */
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, &outer);
	sigprocmask(SIG_SETMASK, &outer, NULL);
	catch(i);
	tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
	errno = error;
}

/* What the shell has set to be ignored stays so. */
static void catch(size_t i)
{
	struct sigaction action = { .sa_handler = give_back, .sa_flags = SA_RESTART };

	if (inherited[i].sa_handler == SIG_IGN)
		return;
	/* one at a time */
	sigemptyset(&action.sa_mask);
	for (size_t k = 0; k < CAUGHT; k++)
		sigaddset(&action.sa_mask, caught[k]);
	sigaction(caught[i], &action, NULL);
}

static void hide(const char *prompt)
{
	fputs(prompt, stderr);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], NULL, &inherited[i]);
		catch(i);
	}
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
}

static void show(void)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &inherited[i], NULL);
	fputc('\n', stderr);
}

int hidden_line_read(char *line, size_t size, const char *prompt)
{
	bool terminal = !tcgetattr(STDIN_FILENO, &before);
	char *end;

	if (terminal)
		hide(prompt);
	end = fgets(line, (int)size, stdin);
	if (terminal)
		show();
	if (!end)
		return -ENODATA;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}
