/*
 * client - the subcommands of the `dinmeter` command.
 *
 * Each takes its own argv (argv[0] is the subcommand's name) and returns the
 * exit status: 0 done, 1 failed at run time, 2 bad usage or configuration.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

int client_analyze(int argc, char **argv);
int client_calibrate(int argc, char **argv);
int client_capture(int argc, char **argv);
int client_command(int argc, char **argv);
int client_doctor(int argc, char **argv);
int client_log(int argc, char **argv);
int client_outputs(int argc, char **argv);
int client_export_state(int argc, char **argv);
int client_import_state(int argc, char **argv);
int client_panel(int argc, char **argv);
int client_registers(int argc, char **argv);
int client_report(int argc, char **argv);
int client_reset(int argc, char **argv);
int client_scope(int argc, char **argv);
int client_set(int argc, char **argv);
int client_status(int argc, char **argv);
int client_wiring(int argc, char **argv);

#endif
