/* Compiler attributes and the few macros every file uses. Nothing else. */
#ifndef AWS_COMMON_ATTRIBUTES_H
#define AWS_COMMON_ATTRIBUTES_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define NEVER_NULL __attribute__((returns_nonnull))
#define NORETURN __attribute__((noreturn))

/* Runs fn(&variable) when the variable goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
