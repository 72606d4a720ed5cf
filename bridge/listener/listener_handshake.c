/* listener/listener_handshake.c - OpenSSL's reasons, by what to do about them.
 */
#include <openssl/err.h>

#include "listener/listener_handshake.h"

static const struct {
	int code;
	enum metric_handshake reason;
	bool silent;
} reasons[] = {
	{ SSL_R_BAD_RECORD_TYPE, METRIC_HANDSHAKE_NO_TLS, false },
	{ SSL_R_CALLBACK_FAILED, METRIC_HANDSHAKE_NAME, false }, /* on_name() */
	{ SSL_R_CERTIFICATE_VERIFY_FAILED, METRIC_HANDSHAKE_CERTIFICATE, true },
	{ SSL_R_HTTPS_PROXY_REQUEST, METRIC_HANDSHAKE_NO_TLS, false },
	{ SSL_R_HTTP_REQUEST, METRIC_HANDSHAKE_NO_TLS, false },
	{ SSL_R_NO_APPLICATION_PROTOCOL, METRIC_HANDSHAKE_PROTOCOL, false },
	{ SSL_R_NO_SHARED_CIPHER, METRIC_HANDSHAKE_CIPHER, false },
	{ SSL_R_NO_SHARED_GROUPS, METRIC_HANDSHAKE_CIPHER, false },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, METRIC_HANDSHAKE_CIPHER,
	    false },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, METRIC_HANDSHAKE_CIPHER, false },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, METRIC_HANDSHAKE_CIPHER,
	    false },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, METRIC_HANDSHAKE_CERTIFICATE,
	    false },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, METRIC_HANDSHAKE_LEFT, true },
	{ SSL_R_UNKNOWN_PROTOCOL, METRIC_HANDSHAKE_VERSION, false },
	{ SSL_R_UNSUPPORTED_PROTOCOL, METRIC_HANDSHAKE_VERSION, false },
	{ SSL_R_VERSION_TOO_LOW, METRIC_HANDSHAKE_VERSION, false },
	{ SSL_R_WRONG_VERSION_NUMBER, METRIC_HANDSHAKE_NO_TLS, false },
};

struct handshake_failure
handshake_failure(void)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_REASON(code);
	struct handshake_failure found = { METRIC_HANDSHAKE_OTHER,
		ERR_reason_error_string(code) };

	/* Not OpenSSL's, but the system's: its peer is gone. */
	if (code == 0 || ERR_GET_LIB(code) != ERR_LIB_SSL)
		return (
		    struct handshake_failure){ METRIC_HANDSHAKE_LEFT, NULL };
	if (reason >= SSL_AD_REASON_OFFSET)
		found.reason = METRIC_HANDSHAKE_ALERT;
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (reasons[i].code == reason) {
			found.reason = reasons[i].reason;
			if (reasons[i].silent)
				found.text = NULL;
		}
	return found;
}
