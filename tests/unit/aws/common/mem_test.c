#include "aws/common/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void zeroed_and_copied(void **state)
{
    unsigned char *bytes = mem_array(4, 8);
    char *text = mem_copy((struct str){"abcdef", 3});

    (void)state;
    for (int i = 0; i < 32; i++)
        assert_int_equal(bytes[i], 0);
    bytes[31] = 7;
    bytes = mem_resize(bytes, 32, 64);
    assert_int_equal(bytes[31], 7);
    assert_int_equal(bytes[63], 0);
    bytes = mem_resize(bytes, 64, 32);
    assert_int_equal(bytes[31], 7);
    mem_free(bytes);
    assert_string_equal(text, "abc");
    mem_freep(&text);
    assert_null(text);
    mem_freep(&text);
    assert_null(mem_dup(NULL));
    text = mem_printf("%s-%d", "a", 5);
    assert_string_equal(text, "a-5");
    mem_free(text);
    mem_free(mem_alloc(0));
    mem_free(NULL);
}

static void grows_by_doubling(void **state)
{
    uint64_t *items = NULL;
    size_t cap = 0;

    (void)state;
    for (size_t count = 0; count < 1000; count++) {
        mem_grow(&items, &cap, count, sizeof(*items));
        assert_true(cap > count);
        items[count] = count;
    }
    assert_int_equal(cap, 1024);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    mem_free(items);
}

static bool fail_second(unsigned long number)
{
    return number < 2;
}

static void fault(void)
{
    mem_fault = fail_second;
    mem_free(mem_alloc(1));
    mem_free(mem_alloc(1));
}

static void product_overflows(void)
{
    mem_free(mem_array(SIZE_MAX / 2, 3));
}

static void growth_overflows(void)
{
    void *items = NULL;
    size_t cap = 0;

    mem_grow(&items, &cap, SIZE_MAX / 2, 4);
}

/* Runs in a child, with its last words in *line. */
static int exit_status_of(void (*run)(void), char line[64])
{
    int ends[2], status = 0;
    ssize_t got;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(ends[1]);
    got = read(ends[0], line, 63);
    line[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void without_memory_the_process_ends(void **state)
{
    static void (*const ways[])(void) = {fault, product_overflows, growth_overflows};
    char line[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        assert_int_equal(exit_status_of(ways[i], line), 70);
        assert_string_equal(line, "lab: out of memory\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_and_copied),
        cmocka_unit_test(grows_by_doubling),
        cmocka_unit_test(without_memory_the_process_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
