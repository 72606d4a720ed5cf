/*
 * admin/admin_log.c - POST /log: the level of the log, until it is
 * set again, here or by the settings.
 */
#include "admin/admin_ask.h"
#include "admin/admin_job.h"

void
admin_log(struct admin_worker *w, struct exchange *x)
{
	const struct answer a = { .status = 200,
		.body = STR("{\"success\":true,\"data\":null}\n") };
	struct fault why = { 0 };
	struct answer refused;
	struct ask asked;

	(void)w;
	if (ask_body(&x->request, ASK_LOG, x->arena, &asked, &why) == -1 ||
	    (!asked.levelled &&
	        fault_set(&why, FAULT_REQUEST, "level", "is expected") == -1)) {
		answer_fault(&refused, &why, x->arena);
		x->reply(x, &refused);
		return;
	}
	/* Before it may become too quiet to tell. */
	admin_audit(x, LOG_LEVEL_WARNING, "log",
	    name_text(log_levels, (int)asked.level));
	log_set_level(asked.level);
	x->reply(x, &a);
}
