/* Gives a fuzz target a main() where clang's libFuzzer is not: plays the seeds,
 * then mutations of them drawn from a fixed seed, so that every run is the same.
 * Prints TAP. An input on which the target ends or hangs is left in a file.
 *
 * Usage: NAME_fuzz                     seeds and mutations, from the root of the tree
 *        NAME_fuzz FILE…               just these inputs
 * FUZZ_RUNS and FUZZ_CPU_S bound the mutations, FUZZ_SEED draws others. */
#include "aws/common/file.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    RUNS = 100000,
    CPU_S = 4,
    SEED = 1,
    HANG_S = 20, /* of CPU time, for one input */
    INPUT_LIMIT_BYTES = 1 << 16,
    MOST_CHANGES = 6
};

/* Readable from a signal handler: the input being played. */
static struct {
    const char *data;
    size_t len;
    char path[4096]; /* where it goes should it break something */
} playing;

struct texts {
    struct buf *items;
    size_t count, cap;
};

static void texts_add(struct texts *t, struct str text)
{
    mem_grow(&t->items, &t->cap, t->count, sizeof *t->items);
    t->items[t->count] = (struct buf){0};
    buf_add(&t->items[t->count++], text);
}

static void texts_release(struct texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        buf_release(&t->items[i]);
    mem_free(t->items);
}

/* --- when it breaks --- */

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static void keep_input(void)
{
    int fd = open(playing.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd >= 0 && write(fd, playing.data, playing.len) == (ssize_t)playing.len) {
        say("the input is in ");
        say(playing.path);
        say("\n");
    }
    if (fd >= 0)
        (void)close(fd);
}

static void on_signal(int number)
{
    if (number == SIGVTALRM)
        say("one input takes too long\n");
    keep_input();
    _exit(1);
}

/* Not there in a build without sanitizers, such as the one that counts lines. */
#pragma weak __sanitizer_set_death_callback

static void catch_breaks(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigaction(SIGABRT, &action, NULL);
    (void)sigaction(SIGVTALRM, &action, NULL);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(keep_input);
}

/* In a block of exactly its size, so that reading behind it is seen. */
static void play(struct str input)
{
    const struct itimerval limit = {.it_value = {.tv_sec = HANG_S}};
    char *copy = mem_alloc(input.len);

    memcpy(copy, input.data ? input.data : "", input.len);
    playing.data = copy;
    playing.len = input.len;
    (void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)copy, input.len);
    mem_free(copy);
}

/* --- seeds and words --- */

static bool read_file(const char *path, struct buf *out)
{
    struct error err;

    if (file_read(path, INPUT_LIMIT_BYTES, out, &err))
        return true;
    (void)fprintf(stderr, "%s\n", err.message);
    return false;
}

static int by_text(const void *a, const void *b)
{
    return str_compare(buf_str(a), buf_str(b));
}

/* In one order everywhere. */
static bool list_folder(const char *path, struct texts *names)
{
    DIR *dir = opendir(path);

    if (!dir)
        return false;
    for (const struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.')
            texts_add(names, str_of(e->d_name));
    (void)closedir(dir);
    if (names->count > 0)
        qsort(names->items, names->count, sizeof *names->items, by_text);
    return names->count > 0;
}

static bool read_seeds(const char *name, struct texts *out)
{
    CLEANUP(mem_freep) char *dir = mem_printf("tests/fuzz/seeds/%s", name);
    CLEANUP(texts_release) struct texts names = {0};

    if (!list_folder(dir, &names)) {
        (void)fprintf(stderr, "no seeds in %s\n", dir);
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, buf_text(&names.items[i]));
        CLEANUP(buf_release) struct buf text = {0};

        if (!read_file(path, &text))
            return false;
        texts_add(out, buf_str(&text));
    }
    return true;
}

static unsigned hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (unsigned)(at - digits) : 0;
}

/* "…" with \\, \" and \xAB, as libFuzzer's dictionaries have it. */
static bool add_word(struct str line, struct texts *out)
{
    CLEANUP(buf_release) struct buf word = {0};
    size_t i = str_find_char(line, '"') + 1;

    while (i < line.len && line.data[i] != '"') {
        if (line.data[i] != '\\') {
            buf_addc(&word, line.data[i++]);
        } else if (line.len - i > 3 && line.data[i + 1] == 'x') {
            buf_addc(&word, (char)(hex_digit(line.data[i + 2]) << 4 | hex_digit(line.data[i + 3])));
            i += 4;
        } else {
            buf_addc(&word, i + 1 < line.len ? line.data[i + 1] : '\\');
            i += 2;
        }
    }
    if (i >= line.len || word.len == 0)
        return false;
    texts_add(out, buf_str(&word));
    return true;
}

static bool read_words(const char *name, struct texts *out)
{
    CLEANUP(mem_freep) char *path = mem_printf("tests/fuzz/%s.dict", name);
    CLEANUP(buf_release) struct buf text = {0};
    struct str rest, line;

    if (!read_file(path, &text))
        return false;
    rest = buf_str(&text);
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.len == 0 || line.data[0] == '#')
            continue;
        if (!add_word(line, out)) {
            (void)fprintf(stderr, "%s: not a word: %.*s\n", path, STR_ARG(line));
            return false;
        }
    }
    return out->count > 0;
}

/* --- mutations --- */

struct draw {
    uint64_t state;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw_next(struct draw *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t draw_below(struct draw *d, size_t limit)
{
    return limit ? (size_t)(draw_next(d) % limit) : 0;
}

/* Replaces `out` bytes at `at`. */
static void replace(struct buf *b, size_t at, size_t out, struct str in)
{
    CLEANUP(buf_release) struct buf made = {0};

    buf_add(&made, str_slice(buf_str(b), 0, at));
    buf_add(&made, in);
    buf_add(&made, str_slice(buf_str(b), at + out, b->len));
    if (made.len <= INPUT_LIMIT_BYTES)
        buf_take(b, &made);
}

static void change_byte(struct draw *d, struct buf *b)
{
    static const char telling[] =
        "\0\1\x1a \"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xbf\xc0\xe2\xed\xf0\xf4\xff\n\r\t";
    size_t at = draw_below(d, b->len);

    if (b->len == 0)
        return;
    if (draw_below(d, 2))
        b->data[at] = (char)(b->data[at] ^ (1 << draw_below(d, 8)));
    else
        b->data[at] = telling[draw_below(d, sizeof telling - 1)];
}

/* A piece of another seed, or of the input itself, some times over. */
static void copy_piece(struct draw *d, struct buf *b, struct str from)
{
    CLEANUP(buf_release) struct buf piece = {0};
    size_t at = draw_below(d, from.len), len = 1 + draw_below(d, draw_below(d, 2) ? 8 : 200);
    size_t times = draw_below(d, 8) ? 1 : 1 + draw_below(d, 40);

    while (times-- > 0)
        buf_add(&piece, str_slice(from, at, len));
    replace(b, draw_below(d, b->len + 1), draw_below(d, 3) ? 0 : piece.len, buf_str(&piece));
}

static void mutate(struct draw *d, const struct texts *seeds, const struct texts *words, struct buf *b)
{
    size_t changes = 1 + draw_below(d, MOST_CHANGES);

    buf_add(b, buf_str(&seeds->items[draw_below(d, seeds->count)]));
    while (changes-- > 0) {
        struct str word = buf_str(&words->items[draw_below(d, words->count)]);
        size_t at = draw_below(d, b->len + 1);

        switch (draw_below(d, 6)) {
        case 0:
            replace(b, at, draw_below(d, 2) ? 0 : word.len, word);
            break;
        case 1:
            replace(b, at, 1 + draw_below(d, 16), STR(""));
            break;
        case 2:
            copy_piece(d, b, buf_str(&seeds->items[draw_below(d, seeds->count)]));
            break;
        case 3:
            copy_piece(d, b, buf_str(b));
            break;
        default:
            change_byte(d, b);
        }
    }
}

static long long number_of(const char *variable, long long otherwise)
{
    const char *text = getenv(variable);
    int64_t value;

    return text && str_to_i64(str_of(text), &value) ? value : otherwise;
}

static size_t play_mutations(const struct texts *seeds, const struct texts *words)
{
    const long long runs = number_of("FUZZ_RUNS", RUNS), cpu_s = number_of("FUZZ_CPU_S", CPU_S);
    const clock_t end = clock() + (clock_t)cpu_s * CLOCKS_PER_SEC;
    const uint64_t seed = (uint64_t)number_of("FUZZ_SEED", SEED);
    size_t played = 0;

    for (; (long long)played < runs && clock() < end; played++) {
        CLEANUP(buf_release) struct buf input = {0};
        /* Each by itself: what one draws does not move the next. */
        struct draw d = {(seed << 40) + played};

        mutate(&d, seeds, words, &input);
        play(buf_str(&input));
    }
    return played;
}

static int play_files(char **paths)
{
    for (; *paths; paths++) {
        CLEANUP(buf_release) struct buf text = {0};

        if (!read_file(*paths, &text))
            return 1;
        play(buf_str(&text));
        (void)printf("%s: holds\n", *paths);
    }
    return 0;
}

int main(int argc, char **argv)
{
    char *name = basename(argv[0]), *ending = strstr(name, "_fuzz");
    struct texts seeds = {0}, words = {0};
    int status = 1;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (ending)
        *ending = '\0';
    (void)snprintf(playing.path, sizeof playing.path, "build/fuzz-%s.input", name);
    catch_breaks();
    if (argc > 1)
        return play_files(argv + 1);
    if (read_seeds(name, &seeds) && read_words(name, &words)) {
        (void)printf("1..2\n");
        for (size_t i = 0; i < seeds.count; i++)
            play(buf_str(&seeds.items[i]));
        (void)printf("ok 1 - %s: %zu seeds\n", name, seeds.count);
        (void)printf("ok 2 - %s: %zu mutations of them\n", name, play_mutations(&seeds, &words));
        status = 0;
    }
    texts_release(&seeds);
    texts_release(&words);
    return status;
}
