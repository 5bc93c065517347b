#include <stddef.h>

/// One file of the repository, built into the binary.
typedef struct {
    const char *name;
    const char *bytes;
    size_t length;
} embedded_file;

/// The file number `index`, or a null name past the last.
embedded_file embedded_file_at(size_t index);

/// The template, asset or table of the pages number `index`, or a null name past the last.
embedded_file embedded_page_at(size_t index);
