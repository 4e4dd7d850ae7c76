/*
 * schema - the tables of a generation, how an older file becomes a present one, and which files are ours.
 *
 * Version 1 had the table `state` alone; version 2 brought the data log and the checksums, version 3 what an entry of the log notes
 * beside its registers.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>

#define SCHEMA_APPLICATION_ID 0x44494e4d	/* "DINM" */
#define SCHEMA_VERSION 3

/* The single whole number that a statement gives.  An SQLite result. */
int schema_get_number(sqlite3 *db, const char *sql, sqlite3_int64 *number);

/* Makes an empty database a generation without rows.  An SQLite result. */
int schema_create(sqlite3 *db);

/* Brings one of version 1 .. SCHEMA_VERSION up to SCHEMA_VERSION, each step in a transaction.  An SQLite result. */
int schema_migrate(sqlite3 *db);

#endif
