/* The sandbox's CA: made on the spot, for one database, worthless elsewhere. */
#ifndef AWS_CRYPTO_CERTIFICATE_H
#define AWS_CRYPTO_CERTIFICATE_H

#include "aws/common/buf.h"
#include "aws/common/error.h"

struct certificate_set {
    struct buf root_pem;  /* what clients trust */
    struct buf chain_pem; /* leaf, then intermediate: what the server shows */
    struct buf key_pem;   /* the leaf's private key: secret */
};

struct certificate_options {
    const char *ip;  /* SAN IP, "127.3.4.5" */
    const char *dns; /* SAN DNS or NULL */
    int64_t not_before_s, not_after_s;
};

/** ECDSA P-256; basicConstraints, keyUsage, SKI/AKI set so that Python's ssl
 * and OpenSSL in strict mode accept the chain. */
MUST_USE bool certificate_make(const struct certificate_options *options, struct certificate_set *out,
                               struct error *err);
void certificate_release(struct certificate_set *set);

/* What the certificates of a PEM file say of time. Seconds since the epoch. */
struct certificate_dates {
    size_t count, valid;   /* in the file; of them valid now */
    int64_t newest_from_s; /* the latest beginning */
    int64_t last_until_s;  /* the latest end */
};

/** ERR_SYNTAX when pem holds no certificate, or one that cannot be read. */
MUST_USE bool certificate_read_dates(struct str pem, int64_t now_s, struct certificate_dates *out,
                                     struct error *err);

#endif
