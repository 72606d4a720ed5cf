/* mapping/mapping_transform_docs.c - the transforms, for who reads of them. */
#include "mapping/mapping_transform.h"

bool
mapping_transform_at(size_t i, struct mapping_transform *out)
{
	const struct transform *t = transform_at(i);

	if (t == NULL)
		return false;
	*out = (struct mapping_transform){ .name = t->name,
		.takes = t->takes,
		.gives = t->gives,
		.help = t->help,
		.body = t->body,
		.min_args = t->min_args,
		.max_args = t->max_args };
	while (t->examples[out->examples].in != NULL)
		out->examples++;
	return true;
}

struct mapping_example
mapping_transform_example(size_t i, size_t k)
{
	const struct transform_example *e = &transform_at(i)->examples[k];
	struct mapping_example example = { .step = e->step };

	if (e->in[0] != '\0')
		example.in = e->in;
	if (e->out[0] == '!')
		example.fault = e->out + 1;
	else if (e->out[0] != '\0')
		example.out = e->out;
	return example;
}
