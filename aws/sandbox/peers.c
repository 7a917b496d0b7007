#include "aws/sandbox/peers.h"

#include "aws/common/attributes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* A request being worked on has no limit here: that is our own doing. */
static const int64_t limit_ms[PEER_STATES] = {
    [PEER_FRESH] = 10000,
    [PEER_READING] = 10000,
    [PEER_SENDING] = 60000,
    [PEER_IDLE] = 60000,
};

/* Who makes room: those of whom we wait for something. */
static const enum peer_state evictable[] = {PEER_IDLE, PEER_READING, PEER_FRESH};

static void append(struct peers *p, struct peer *peer, enum peer_state state, int64_t now_ms)
{
    peer->state = state;
    peer->since_ms = now_ms;
    peer->after = NULL;
    peer->before = p->last[state];
    if (p->last[state])
        p->last[state]->after = peer;
    else
        p->first[state] = peer;
    p->last[state] = peer;
}

static void detach(struct peers *p, struct peer *peer)
{
    if (peer->before)
        peer->before->after = peer->after;
    else
        p->first[peer->state] = peer->after;
    if (peer->after)
        peer->after->before = peer->before;
    else
        p->last[peer->state] = peer->before;
}

void peer_set_address(struct peer *peer, const struct sockaddr *from)
{
    peer->address[0] = '\0';
    if (from && from->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, from, sizeof in);
        (void)inet_ntop(AF_INET, &in.sin_addr, peer->address, sizeof peer->address);
    } else if (from && from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, from, sizeof in6);
        (void)inet_ntop(AF_INET6, &in6.sin6_addr, peer->address, sizeof peer->address);
    }
}

void peer_enter(struct peers *p, struct peer *peer, int64_t now_ms)
{
    append(p, peer, PEER_FRESH, now_ms);
    p->count++;
}

void peer_move(struct peers *p, struct peer *peer, enum peer_state state, int64_t now_ms)
{
    detach(p, peer);
    append(p, peer, state, now_ms);
}

void peer_leave(struct peers *p, struct peer *peer)
{
    detach(p, peer);
    p->count--;
}

/** Shut down, and put where it is not found again. */
static void shut(struct peers *p, struct peer *peer)
{
    (void)shutdown(peer->fd, SHUT_RDWR); /* fails when it is already gone: the same to us */
    peer_move(p, peer, PEER_WORKING, peer->since_ms);
}

int64_t peers_expire(struct peers *p, int64_t now_ms)
{
    int64_t next = -1;

    for (int state = 0; state < PEER_STATES; state++) {
        while (limit_ms[state] && p->first[state] && p->first[state]->since_ms + limit_ms[state] <= now_ms)
            shut(p, p->first[state]);
        if (limit_ms[state] && p->first[state]) {
            int64_t due = p->first[state]->since_ms + limit_ms[state];

            next = next < 0 || due < next ? due : next;
        }
    }
    return next;
}

void peers_evict(struct peers *p, size_t soft_limit)
{
    struct peer *oldest = NULL;

    if (p->count <= soft_limit)
        return;
    for (size_t i = 0; i < ARRAY_LEN(evictable); i++) {
        struct peer *first = p->first[evictable[i]];

        if (first && (!oldest || first->since_ms < oldest->since_ms))
            oldest = first;
    }
    /* The newest of all is the one for whom room is made. */
    if (oldest && oldest != p->last[PEER_FRESH])
        shut(p, oldest);
}
