// Linux calls that Swift's Glibc module does not show (they need _GNU_SOURCE or are variadic).
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

/// An anonymous file in memory, close-on-exec; -1 and errno on failure.
int clinux_memory_file(const char *name);

/// Frees the disk blocks of a file's first `length` bytes and keeps its size; -1 and errno on failure.
int clinux_punch_hole(int descriptor, long long offset, long long length);

/// Opens a descriptor that becomes readable when the process `pid` ends; -1 and errno on failure.
int clinux_pidfd_open(int pid);

/// rename(2) that fails with EEXIST instead of replacing the target.
int clinux_rename_noreplace(const char *from, const char *to);

/// Sends `signal` to the process behind a pidfd: never to another one that got its number; -1 and errno on failure.
int clinux_pidfd_send_signal(int descriptor, int signal);

/// pipe(2) with both ends close-on-exec.
int clinux_pipe(int descriptors[2]);

/// An eventfd that wakes a poll(2): close-on-exec, non-blocking; -1 and errno on failure.
int clinux_event(void);

/// Makes a descriptor non-blocking; -1 and errno on failure.
int clinux_set_nonblocking(int descriptor);

/// Copies up to `count` bytes between two files at their offsets, inside the kernel; 0 at the end, -1 and errno on failure.
long long clinux_copy_range(int from, int to, unsigned long long count);

/// Takes the write lock of a whole file for this open file description (F_OFD_SETLK), without waiting; -1 and errno on
/// failure, EAGAIN when another has it.
int clinux_lock(int descriptor);

/// Lets go of what `clinux_lock` took.
int clinux_unlock(int descriptor);

/// 1 when another open file description has the lock, 0 when nobody has, -1 and errno on failure; takes nothing.
int clinux_is_locked(int descriptor);
