#include "aws/crypto/certificate.h"

#include "aws/common/mem.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <time.h>

enum { SERIAL_BITS = 127 }; /* RFC 5280 section 4.1.2.2: positive, at most 20 octets */

struct extension {
    int nid;
    const char *value;
};

/* One certificate with its key. */
struct issued {
    EVP_PKEY *key;
    X509 *cert;
};

static void issued_release(struct issued *i)
{
    EVP_PKEY_free(i->key);
    X509_free(i->cert);
    *i = (struct issued){0};
}

static bool failed(const char *what, struct error *err)
{
    char reason[256];

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    ERR_clear_error();
    return error_set(err, ERR_FAILED, "make certificate: %s: %s", what, reason);
}

static bool set_serial(X509 *cert)
{
    BIGNUM *number = BN_new();
    bool ok = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;

    BN_free(number);
    return ok;
}

static bool set_name(X509 *cert, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(cert);

    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"lab sandbox", -1, -1,
                                      0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1,
                                      0) == 1;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *list, size_t count)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, &ctx, list[i].nid, list[i].value);
        bool ok = made && X509_add_ext(cert, made, -1) == 1;

        X509_EXTENSION_free(made);
        if (!ok)
            return false;
    }
    return true;
}

static bool set_times(X509 *cert, const struct certificate_options *options)
{
    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)options->not_before_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)options->not_after_s) != NULL;
}

/* by NULL: signs itself. The subject key id comes before the authority's in
 * the list: a root's authority is itself, and read from there. */
static bool issue(const struct certificate_options *options, const char *common_name, const struct issued *by,
                  const struct extension *list, size_t count, struct issued *out, struct error *err)
{
    const struct issued *signer = by ? by : out;

    out->key = EVP_EC_gen("P-256");
    out->cert = X509_new();
    if (!out->key || !out->cert)
        return failed("key", err);
    if (X509_set_version(out->cert, X509_VERSION_3) != 1 || !set_serial(out->cert) ||
        !set_times(out->cert, options) || !set_name(out->cert, common_name) ||
        X509_set_issuer_name(out->cert, X509_get_subject_name(signer->cert)) != 1 ||
        X509_set_pubkey(out->cert, out->key) != 1)
        return failed(common_name, err);
    if (!add_extensions(out->cert, signer->cert, list, count))
        return failed("extensions", err);
    if (X509_sign(out->cert, signer->key, EVP_sha256()) <= 0)
        return failed("signature", err);
    return true;
}

static bool take_bio(BIO *bio, struct buf *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    if (len > 0) {
        buf_add(out, (struct str){data, (size_t)len});
        OPENSSL_cleanse(data, (size_t)len);
    }
    return len > 0;
}

static bool add_pem(X509 *cert, EVP_PKEY *key, struct buf *out, struct error *err)
{
    BIO *bio = BIO_new(key ? BIO_s_secmem() : BIO_s_mem());
    bool ok = bio &&
              (key ? PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1
                   : PEM_write_bio_X509(bio, cert) == 1) &&
              take_bio(bio, out);

    BIO_free(bio);
    return ok || failed("PEM", err);
}

static const struct extension root_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};
static const struct extension intermediate_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static bool issue_chain(const struct certificate_options *options, const char *names, struct issued *root,
                        struct issued *intermediate, struct issued *leaf, struct error *err)
{
    const struct extension leaf_extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, names},
    };

    return issue(options, "lab sandbox root CA", NULL, root_extensions, ARRAY_LEN(root_extensions), root,
                 err) &&
           issue(options, "lab sandbox intermediate CA", root, intermediate_extensions,
                 ARRAY_LEN(intermediate_extensions), intermediate, err) &&
           issue(options, "lab sandbox database", intermediate, leaf_extensions, ARRAY_LEN(leaf_extensions),
                 leaf, err);
}

/* The value of an extension is a little language: a name may not leave it. */
static bool plain_name(const char *name)
{
    return name[0] &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:")] == '\0';
}

bool certificate_make(const struct certificate_options *options, struct certificate_set *out,
                      struct error *err)
{
    CLEANUP(issued_release) struct issued root = {0};
    CLEANUP(issued_release) struct issued intermediate = {0};
    CLEANUP(issued_release) struct issued leaf = {0};
    CLEANUP(buf_release) struct buf names = {0};

    *out = (struct certificate_set){0};
    if (!plain_name(options->ip) || (options->dns && !plain_name(options->dns)))
        return error_set(err, ERR_USAGE, "make certificate: not an address or host name");
    buf_printf(&names, "IP:%s", options->ip);
    if (options->dns)
        buf_printf(&names, ",DNS:%s", options->dns);
    if (!issue_chain(options, buf_text(&names), &root, &intermediate, &leaf, err))
        return false;
    if (!add_pem(root.cert, NULL, &out->root_pem, err) || !add_pem(leaf.cert, NULL, &out->chain_pem, err) ||
        !add_pem(intermediate.cert, NULL, &out->chain_pem, err) ||
        !add_pem(NULL, leaf.key, &out->key_pem, err)) {
        certificate_release(out);
        return false;
    }
    return true;
}

void certificate_release(struct certificate_set *set)
{
    buf_release(&set->root_pem);
    buf_release(&set->chain_pem);
    buf_release(&set->key_pem);
}

/* --- reading --- */

static bool epoch_of(const ASN1_TIME *time, int64_t *out)
{
    struct tm tm;

    if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *out = (int64_t)timegm(&tm);
    return true;
}

static bool add_dates(const X509 *cert, int64_t now_s, struct certificate_dates *out)
{
    int64_t from_s, until_s;

    if (!epoch_of(X509_get0_notBefore(cert), &from_s) || !epoch_of(X509_get0_notAfter(cert), &until_s))
        return false;
    out->count++;
    out->valid += from_s <= now_s && now_s < until_s;
    out->newest_from_s = from_s > out->newest_from_s ? from_s : out->newest_from_s;
    out->last_until_s = until_s > out->last_until_s ? until_s : out->last_until_s;
    return true;
}

bool certificate_read_dates(struct str pem, int64_t now_s, struct certificate_dates *out, struct error *err)
{
    BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    bool readable = bio != NULL;
    X509 *cert;

    *out = (struct certificate_dates){0};
    while (readable && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        readable = add_dates(cert, now_s, out);
        X509_free(cert);
    }
    /* The end of the file is told as "no start line". */
    readable = readable && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (out->count == 0)
        return error_set(err, ERR_SYNTAX, "it holds no certificate");
    return readable || error_set(err, ERR_SYNTAX, "certificate %zu cannot be read", out->count + 1);
}
