/* The connections of the server and how long each may be in which state:
 * libmicrohttpd's own timeout knows inactivity only, so a byte each half
 * second would hold a connection for ever. */
#ifndef AWS_SANDBOX_PEERS_H
#define AWS_SANDBOX_PEERS_H

#include <stddef.h>
#include <stdint.h>

enum peer_state {
    PEER_FRESH,   /* connected, no request line yet */
    PEER_READING, /* request line read, head or body not complete */
    PEER_WORKING, /* request complete, no reply yet */
    PEER_SENDING, /* the reply is on its way, as fast as the client takes it */
    PEER_IDLE,    /* between requests */
    PEER_STATES
};

struct peer {
    struct peer *before, *after;
    enum peer_state state;
    int64_t since_ms; /* monotonic */
    int fd;
    char address[64];
};

/* One list per state, the longest there first. */
struct peers {
    struct peer *first[PEER_STATES], *last[PEER_STATES];
    size_t count;
};

struct sockaddr;

/** From where it comes, as text; NULL and other families: "". */
void peer_set_address(struct peer *peer, const struct sockaddr *from);
void peer_enter(struct peers *p, struct peer *peer, int64_t now_ms);
void peer_move(struct peers *p, struct peer *peer, enum peer_state state, int64_t now_ms);
void peer_leave(struct peers *p, struct peer *peer);

/** Shuts down those that took too long; the library closes them in its next
 * run. Returns when to look again (monotonic), -1 for no need. */
int64_t peers_expire(struct peers *p, int64_t now_ms);
/** Above the soft limit, shuts down the one that has been idle or has left its
 * request unfinished for the longest: 500 half requests must not keep the 501st
 * client out, nor cost one its connection that was in use a moment ago. Called
 * after a newcomer entered, who is spared. */
void peers_evict(struct peers *p, size_t soft_limit);

#endif
