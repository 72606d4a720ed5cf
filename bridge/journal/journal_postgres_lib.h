/*
 * journal/journal_postgres_lib.h - libpq, loaded when a journal asks for it.
 * Private to the postgres backend.
 *
 * It brings thirty libraries and megabytes (Kerberos, LDAP, ...) that a
 * bridge on SQLite has no use for. Its functions are called by their own
 * names; they are there once pq_load() has said so.
 */
#ifndef BRIDGE_JOURNAL_POSTGRES_LIB_H
#define BRIDGE_JOURNAL_POSTGRES_LIB_H

#include <libpq-fe.h>

#include "base/base.h"

/* One row a function: a name used and not listed does not link. */
#define PQ_FUNCTIONS(row)                                                      \
	row(PQclear) row(PQconnectdbParams) row(PQconninfoFree) row(           \
	    PQconninfoParse) row(PQconsumeInput) row(PQenterPipelineMode)      \
	    row(PQerrorMessage) row(PQexitPipelineMode) row(PQfinish) row(     \
	        PQflush) row(PQgetResult) row(PQgetisnull) row(PQgetlength)    \
	        row(PQgetvalue) row(PQisBusy) row(PQntuples)                   \
	            row(PQpipelineSync) row(PQresultErrorField)                \
	                row(PQresultErrorMessage) row(PQresultStatus)          \
	                    row(PQsendQuery) row(PQsendQueryParams)            \
	                        row(PQserverVersion) row(PQsetNoticeReceiver)  \
	                            row(PQsetnonblocking) row(PQsocket)        \
	                                row(PQstatus)

struct pq {
#define PQ_MEMBER(name) __typeof__(name) *name;
	PQ_FUNCTIONS(PQ_MEMBER)
#undef PQ_MEMBER
};
extern struct pq pq;

/* Once, and for good. -1 with why where the library is not installed. */
int pq_load(struct fault *why) MUST_CHECK;

#define PQclear(...) pq.PQclear(__VA_ARGS__)
#define PQconnectdbParams(...) pq.PQconnectdbParams(__VA_ARGS__)
#define PQconninfoFree(...) pq.PQconninfoFree(__VA_ARGS__)
#define PQconninfoParse(...) pq.PQconninfoParse(__VA_ARGS__)
#define PQconsumeInput(...) pq.PQconsumeInput(__VA_ARGS__)
#define PQenterPipelineMode(...) pq.PQenterPipelineMode(__VA_ARGS__)
#define PQerrorMessage(...) pq.PQerrorMessage(__VA_ARGS__)
#define PQexitPipelineMode(...) pq.PQexitPipelineMode(__VA_ARGS__)
#define PQfinish(...) pq.PQfinish(__VA_ARGS__)
#define PQflush(...) pq.PQflush(__VA_ARGS__)
#define PQgetResult(...) pq.PQgetResult(__VA_ARGS__)
#define PQgetisnull(...) pq.PQgetisnull(__VA_ARGS__)
#define PQgetlength(...) pq.PQgetlength(__VA_ARGS__)
#define PQgetvalue(...) pq.PQgetvalue(__VA_ARGS__)
#define PQisBusy(...) pq.PQisBusy(__VA_ARGS__)
#define PQntuples(...) pq.PQntuples(__VA_ARGS__)
#define PQpipelineSync(...) pq.PQpipelineSync(__VA_ARGS__)
#define PQresultErrorField(...) pq.PQresultErrorField(__VA_ARGS__)
#define PQresultErrorMessage(...) pq.PQresultErrorMessage(__VA_ARGS__)
#define PQresultStatus(...) pq.PQresultStatus(__VA_ARGS__)
#define PQsendQuery(...) pq.PQsendQuery(__VA_ARGS__)
#define PQsendQueryParams(...) pq.PQsendQueryParams(__VA_ARGS__)
#define PQserverVersion(...) pq.PQserverVersion(__VA_ARGS__)
#define PQsetNoticeReceiver(...) pq.PQsetNoticeReceiver(__VA_ARGS__)
#define PQsetnonblocking(...) pq.PQsetnonblocking(__VA_ARGS__)
#define PQsocket(...) pq.PQsocket(__VA_ARGS__)
#define PQstatus(...) pq.PQstatus(__VA_ARGS__)

#endif
