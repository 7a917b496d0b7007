#include "aws/common/file.h"

#include "aws/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *dir;
static char *path;

static const char *at(const char *name)
{
    mem_free(path);
    path = mem_printf("%s/%s", dir, name);
    return path;
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(at(name), &st), 0);
    return st.st_mode & 07777;
}

static int setup(void **state)
{
    struct error err;

    (void)state;
    return file_temp_dir("lab-file-test", &dir, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    struct error err;
    bool ok = file_remove_tree(dir, &err);
    bool gone = access(dir, F_OK) != 0;

    (void)state;
    mem_freep(&dir);
    mem_freep(&path);
    return ok && gone ? 0 : -1;
}

static void replace_and_read(void **state)
{
    struct buf b = {0};
    struct error err;

    (void)state;
    assert_int_equal(mode_of(""), 0700);
    assert_true(file_replace(at("a"), STR("one"), &err));
    assert_int_equal(mode_of("a"), 0600);
    assert_true(file_replace(at("a"), STR("second"), &err));
    assert_true(file_read(at("a"), 6, &b, &err));
    assert_string_equal(buf_text(&b), "second");
    assert_false(file_read(at("a"), 5, &b, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(b.len, 0);
    /* A link is replaced, what it points at is not written. */
    assert_int_equal(symlink("a", at("link")), 0);
    assert_true(file_replace(at("link"), STR("third"), &err));
    assert_true(file_read(at("a"), 100, &b, &err));
    assert_string_equal(buf_text(&b), "second");
    assert_true(file_replace(at("empty"), (struct str){NULL, 0}, &err));
    assert_true(file_read(at("empty"), 100, &b, &err));
    assert_string_equal(buf_text(&b), "");
    assert_false(file_replace(at("none/a"), STR("x"), &err));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(err.os_errno, ENOENT);
    buf_release(&b);
}

static void what_is_no_file_is_refused(void **state)
{
    struct buf b = {0};
    struct error err;

    (void)state;
    assert_false(file_read(at("absent"), 10, &b, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    assert_int_equal(err.os_errno, ENOENT);
    assert_false(file_read(dir, 10, &b, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    /* Must not wait for a writer. */
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_false(file_read(at("fifo"), 10, &b, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    assert_false(file_read("/dev/zero", 10, &b, &err));
    assert_int_equal(err.code, ERR_NO_INPUT);
    buf_release(&b);
}

static void directories(void **state)
{
    struct error err;

    (void)state;
    assert_true(file_make_dir(at("x//y/./z/"), &err));
    assert_int_equal(mode_of("x"), 0700);
    assert_int_equal(mode_of("x/y/z"), 0700);
    assert_true(file_make_dir(at("x/y/z"), &err)); /* again */
    assert_int_equal(chmod(at("x/y"), 0770), 0);
    assert_false(file_make_dir(at("x/y"), &err));
    assert_int_equal(chmod(at("x/y"), 0755), 0);
    assert_true(file_make_dir(at("x/y"), &err));
    /* Our own link on the way is fine, as the directory itself it is not. */
    assert_int_equal(symlink("x", at("link")), 0);
    assert_true(file_make_dir(at("link/w"), &err));
    assert_int_equal(mode_of("x/w"), 0700);
    assert_false(file_make_dir(at("link"), &err));
    assert_true(file_replace(at("plain"), STR(""), &err));
    assert_false(file_make_dir(at("plain/x"), &err));
    assert_false(file_make_dir(at("plain"), &err));
    assert_false(file_make_dir("", &err));
    if (geteuid() == 0) {
        assert_int_equal(symlink("x", at("foreign")), 0);
        assert_int_equal(lchown(path, 12345, 12345), 0);
        assert_false(file_make_dir(at("foreign/w"), &err));
        assert_string_equal(strstr(err.message, "leads over"), "leads over a symbolic link of another user");
        assert_int_equal(mkdir(at("theirs"), 0700), 0);
        assert_int_equal(lchown(path, 12345, 12345), 0);
        assert_false(file_make_dir(at("theirs"), &err));
    }
}

/* Home directories of shared machines are so. Root lists anything: it plays
 * somebody else. */
static void a_way_that_cannot_be_listed(void **state)
{
    const bool root = geteuid() == 0;
    struct error err;
    bool made;

    (void)state;
    assert_true(file_make_dir(at("dark/mine"), &err));
    if (root) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(chmod(at("."), 0711), 0);
    }
    assert_int_equal(chmod(at("dark"), root ? 0711 : 0100), 0);
    assert_int_equal(seteuid(root ? 12345 : geteuid()), 0);
    made = file_make_dir(at("dark/mine/x"), &err);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(at("dark"), 0700), 0);
    if (!made)
        fail_msg("%s", err.message);
    assert_int_equal(mode_of("dark/mine/x"), 0700);
}

static void a_tree_goes_without_its_targets(void **state)
{
    struct error err;

    (void)state;
    assert_true(file_make_dir(at("keep/inner"), &err));
    assert_true(file_replace(at("keep/inner/f"), STR("x"), &err));
    assert_true(file_make_dir(at("tree/a/b"), &err));
    assert_true(file_replace(at("tree/a/b/f"), STR("x"), &err));
    assert_int_equal(symlink("../../keep", at("tree/a/link")), 0);
    assert_true(file_remove_tree(at("tree/"), &err));
    assert_int_equal(access(at("tree"), F_OK), -1);
    assert_int_equal(access(at("keep/inner/f"), F_OK), 0);
    assert_true(file_remove_tree(at("tree"), &err)); /* absence is fine */
    assert_true(file_remove_tree(at("no/such/parent"), &err));
    /* A link that is named goes, not what it points at. */
    assert_int_equal(symlink("keep", at("named")), 0);
    assert_true(file_remove_tree(at("named"), &err));
    assert_int_equal(access(at("keep/inner/f"), F_OK), 0);
    assert_false(file_remove_tree(at("keep/.."), &err));
    assert_false(file_remove_tree("/", &err));
    assert_true(file_remove_tree(at("keep/inner/f"), &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replace_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(directories, setup, teardown),
        cmocka_unit_test_setup_teardown(a_way_that_cannot_be_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_goes_without_its_targets, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
