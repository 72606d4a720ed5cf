/*
 * answer/answer.h - reads one HTTP answer, strictly: upstream's to a PATCH,
 * the bridge's to a verb.
 *
 * Bytes in, a verdict out; no socket, no clock. Any cut of the same bytes
 * gives the same verdict, status, body and count of bytes used. What could
 * be read two ways is refused: an answer read differently from how it was
 * meant ends up with the wrong lead.
 *
 * Interim answers (1xx) are skipped, except 101: we asked for no upgrade.
 *
 * A body longer than the limit: of a 2xx, whose body says whether it is a
 * success, the answer is BAD. What another status says of the request it says
 * whatever stands behind: it is WHOLE, without body and type (`cut`).
 */
#ifndef BRIDGE_ANSWER_H
#define BRIDGE_ANSWER_H

#include "base/base.h"

enum answer_verdict {
	VERDICT_MORE,  /* not all of it is here */
	VERDICT_WHOLE, /* complete and final; bytes behind it are not its own */
	VERDICT_BAD,   /* see problem */
};

struct answer_limits {
	size_t headers; /* status lines and fields, interim ones included */
	size_t body;
	/*
	 * It was the connection's last request (Connection: close): without a
	 * length the body ends with the stream (RFC 9112, 6.3).
	 */
	bool last;
};

/* Longer values of the two fields we relay count as absent. */
#define ANSWER_TYPE_MAX ((size_t)256)
#define ANSWER_RETRY_MAX ((size_t)64)

struct answer_text {
	char at[ANSWER_TYPE_MAX];
	size_t len;
	bool there;
};

struct answer_reader {
	enum answer_verdict verdict;
	const char *problem; /* static; set when BAD */
	int status;
	/* When WHOLE: the connection may carry another request. */
	bool reusable;
	bool cut;     /* when WHOLE: it had a body, of more than the limit */
	bool started; /* at least one byte was read */
	struct answer_text content_type;
	struct answer_text retry_after;
	struct bytes body;

	/* The reader's own. */
	struct answer_limits limits;
	int part;          /* which part of the answer is next */
	size_t room;       /* bytes its lines may still take */
	size_t extensions; /* bytes chunk extensions may still take */
	unsigned fields;   /* seen so far, all heads together */
	unsigned interims; /* 1xx answers skipped */
	struct bytes line; /* a line that came in pieces */
	bool line_taken;   /* `line` was handed out and starts anew */
	bool old;          /* HTTP/1.0 */
	bool close;        /* Connection: close */
	bool chunked;      /* Transfer-Encoding: chunked */
	int64_t length;    /* Content-Length, or -1 */
	size_t left;       /* of the sized body or of the chunk */
};

void answer_reader_init(struct answer_reader *r, struct answer_limits limits);
/* For the next answer; keeps the memory. The reader may also be all zeros. */
void answer_reader_again(struct answer_reader *r, struct answer_limits limits);
/* Gives back buffers of more than so many bytes; to be used again. */
void answer_reader_shrink(struct answer_reader *r, size_t most);
void answer_reader_done(struct answer_reader *r); /* frees the body */
/* Returns how many bytes were used: all of them while the verdict is MORE. */
size_t answer_reader_feed(struct answer_reader *r, const char *at, size_t len);
/* The peer ended the stream in the proper way: a verdict falls. */
void answer_reader_end(struct answer_reader *r);

#endif
