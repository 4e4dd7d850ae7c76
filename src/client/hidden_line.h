/*
 * hidden_line - a line of standard input that a terminal does not show while it is typed.
 */
#ifndef CLIENT_HIDDEN_LINE_H
#define CLIENT_HIDDEN_LINE_H

#include <stddef.h>

/*
 * Reads a line without its newline; from a terminal after `prompt`, on standard error.  A signal that ends or stops the process
 * meanwhile leaves the terminal as it was; after a stop it goes on.  0, or -ENODATA when there is no line.  Once at a time.
 */
int hidden_line_read(char *line, size_t size, const char *prompt);

#endif
