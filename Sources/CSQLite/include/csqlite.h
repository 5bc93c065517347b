// SQLite calls that Swift cannot make (variadic, or with an in-out flag behind a void pointer).
#pragma once

/// Makes closing the last connection leave the write-ahead log as it is; 0 or an SQLite error code.
int csqlite_no_checkpoint_on_close(void *connection);

/// Keeps the files of the write-ahead log when the last connection closes; 0 or an SQLite error code.
int csqlite_persist_wal(void *connection);
