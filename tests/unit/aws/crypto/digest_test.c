#include "aws/crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void published_digests(void **state)
{
    char text[SHA256_HEX];

    (void)state;
    /* FIPS 180-4 examples. */
    sha256_hex(STR("abc"), text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex((struct str){NULL, 0}, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha1_hex(STR("abc"), text);
    assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* RFC 4231, test cases 1, 2, 3 and 6 (a key longer than the block). */
static void published_hmacs(void **state)
{
    static const struct {
        char key_byte;
        size_t key_len;
        const char *key;
        struct str data;
        const char *want;
    } rows[] = {
        {0x0b, 20, NULL, {"Hi There", 8}, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0,
         4,
         "Jefe",
         {"what do ya want for nothing?", 28},
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {(char)0xaa,
         131,
         NULL,
         {"Test Using Larger Than Block-Size Key - Hash Key First", 54},
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned char out[SHA256_BYTES];
        char key[131], text[SHA256_HEX];

        if (rows[i].key)
            memcpy(key, rows[i].key, rows[i].key_len);
        else
            memset(key, rows[i].key_byte, rows[i].key_len);
        hmac_sha256((struct str){key, rows[i].key_len}, rows[i].data, out);
        for (size_t k = 0; k < SHA256_BYTES; k++)
            snprintf(text + 2 * k, 3, "%02x", out[k]);
        assert_string_equal(text, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_digests),
        cmocka_unit_test(published_hmacs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
