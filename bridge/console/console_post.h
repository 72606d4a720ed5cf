/*
 * console/console_post.h - one HTTP request, sent as a sender would. Private;
 * for `send` and the demo. Blocking, one connection, verified TLS; the
 * bridge's own way to the API is the upstream room, not this.
 */
#ifndef BRIDGE_CONSOLE_POST_H
#define BRIDGE_CONSOLE_POST_H

#include "answer/answer.h"
#include "base/base.h"

struct post_url {
	bool tls;
	char host[256];
	char port[8];
	struct str target; /* "/path?query"; empty when the URL has none */
};

/* http://host[:port][/...] or https://...; -1 with why. */
int post_url_parse(const char *url, struct post_url *out,
    struct fault *why) MUST_CHECK;

struct post_answer {
	int status;
	struct str body; /* in reader */
	struct answer_reader reader;
};

/*
 * Sends the request's method, target, headers and body (Host, Content-Length
 * and Connection are ours); ca is a PEM file of roots to trust, or NULL for
 * the system's. Read as strictly as the API's, and to its end, not the
 * stream's. post_answer_done() it, whatever became of it.
 */
int post_send(const struct post_url *url, const char *ca,
    const struct request *request, struct post_answer *out,
    struct fault *why) MUST_CHECK;
void post_answer_done(struct post_answer *answer);

#endif
