/*
 * decode/decode_form_tree.c - growing the tree, and laying it down.
 *
 * A stranger picks the keys, so many children of a group are found by an AA
 * tree (Andersson, "Balanced search trees made simple", 1993): its depth is
 * logarithmic whatever the keys, and nothing needs to be random.
 */
#include "decode/decode_form_tree.h"

static const enum doc_kind doc_kinds[BRANCH_KINDS] = {
	[BRANCH_TEXT] = DOC_STRING,
	[BRANCH_NUMBER] = DOC_NUMBER,
	[BRANCH_NULL] = DOC_NULL,
	[BRANCH_LIST] = DOC_ARRAY,
	[BRANCH_GROUP] = DOC_OBJECT,
	[BRANCH_FILE] = DOC_OBJECT,
};

/* So many children are looked at one by one, and need no search tree. */
#define TREE_FROM 8

static bool
has_children(enum branch_kind kind)
{
	return kind >= BRANCH_LIST;
}

static bool
is_keyed(const struct branch *up)
{
	return up->kind >= BRANCH_GROUP;
}

enum tape_trouble
tree_start(struct tree *t, struct arena *arena,
    const struct decode_limits *limits, size_t text_len)
{
	enum tape_trouble trouble;

	*t = (struct tree){ 0 };
	trouble = tape_start(&t->tape, arena, limits, text_len);
	if (trouble != TAPE_FINE)
		return trouble;
	return branch_add(t, NULL, BRANCH_GROUP, STR_NONE, &t->root);
}

static struct branch *
find_in_turn(struct branch *b, struct str key)
{
	while (b != NULL && !str_eq(b->key, key))
		b = b->next;
	return b;
}

struct branch *
branch_find(const struct branch *group, struct str key)
{
	struct branch *b = group->root;

	if (b == NULL)
		return find_in_turn(group->first, key);
	while (b != NULL) {
		int order = key_cmp(key, b->key);

		if (order == 0)
			break;
		b = order < 0 ? b->left : b->right;
	}
	return b;
}

/* A left child on its parent's level becomes the parent. */
static struct branch *
skew(struct branch *b)
{
	struct branch *left = b->left;

	if (left == NULL || left->level != b->level)
		return b;
	b->left = left->right;
	left->right = b;
	return left;
}

/* Of three in a row to the right on one level, the middle one goes up. */
static struct branch *
split(struct branch *b)
{
	struct branch *right = b->right;

	if (right == NULL || right->right == NULL ||
	    right->right->level != b->level)
		return b;
	b->right = right->left;
	right->left = b;
	right->level++;
	return right;
}

/* Recurses as deep as the search tree: twice the logarithm of its size. */
static struct branch *
insert(struct branch *b, struct branch *new)
{
	if (b == NULL)
		return new;
	if (key_cmp(new->key, b->key) < 0)
		b->left = insert(b->left, new);
	else
		b->right = insert(b->right, new);
	return split(skew(b));
}

static void
link_child(struct branch *up, struct branch *b)
{
	if (up->last != NULL)
		up->last->next = b;
	else
		up->first = b;
	up->last = b;
	up->count++;
	if (!is_keyed(up) || up->count <= TREE_FROM)
		return;
	if (up->count == TREE_FROM + 1)
		b = up->first;
	for (; b != NULL; b = b->next)
		up->root = insert(up->root, b);
}

enum tape_trouble
branch_add(struct tree *t, struct branch *up, enum branch_kind kind,
    struct str key, struct branch **out)
{
	bool keyed = up != NULL && is_keyed(up);
	uint32_t depth = up != NULL ? up->depth + 1 : 1;
	uint32_t values = keyed ? 2 : 1;
	struct branch *b;

	if (has_children(kind) && depth > t->tape.depth_max)
		return TAPE_TOO_DEEP;
	if (t->tape.values_max - t->values < values)
		return TAPE_TOO_MANY;
	b = arena_take(t->tape.arena, sizeof(*b));
	if (b == NULL)
		return TAPE_NO_MEMORY;
	*b = (struct branch){
		.kind = kind,
		.depth = depth,
		.level = 1,
		.key = keyed ? key : STR_NONE,
		.up = up,
	};
	t->values += values;
	if (up != NULL)
		link_child(up, b);
	*out = b;
	return TAPE_FINE;
}

enum tape_trouble
branch_open(struct tree *t, struct branch *b)
{
	if (b->depth > t->tape.depth_max)
		return TAPE_TOO_DEEP;
	b->kind = BRANCH_GROUP;
	return TAPE_FINE;
}

enum tape_trouble
branch_widen(struct tree *t, struct branch *b)
{
	struct branch was = *b, *item;
	enum tape_trouble trouble;

	if (b->depth > t->tape.depth_max)
		return TAPE_TOO_DEEP;
	b->kind = BRANCH_LIST;
	b->count = 0;
	b->first = b->last = b->root = NULL;
	trouble = branch_add(t, b, was.kind, STR_NONE, &item);
	if (trouble != TAPE_FINE)
		return trouble;
	item->text = was.text;
	item->count = was.count;
	item->first = was.first;
	item->last = was.last;
	item->root = was.root;
	/* Their depth is one less than it is now; the tape looks again. */
	for (struct branch *child = was.first; child != NULL;
	     child = child->next)
		child->up = item;
	return TAPE_FINE;
}

/* The index that a key is, below count; -1 when it is none. */
static int64_t
index_of(struct str key, uint32_t count)
{
	if (key.len > 1 && key.at[0] == '0')
		return -1;
	return str_number(key, (int64_t)count - 1);
}

static bool
is_dense(const struct branch *group)
{
	/* All different, all below count: then none is missing. */
	for (const struct branch *b = group->first; b != NULL; b = b->next)
		if (index_of(b->key, group->count) < 0)
			return false;
	return group->first != NULL;
}

/* Turns a group with the keys 0, 1, 2, ... into a list in that order. */
static enum tape_trouble
order_items(struct tree *t, struct branch *group)
{
	uint32_t count = group->count;
	struct branch **items;

	items = arena_take(t->tape.arena, count * sizeof(items[0]));
	if (items == NULL)
		return TAPE_NO_MEMORY;
	for (struct branch *b = group->first; b != NULL; b = b->next)
		items[index_of(b->key, count)] = b;
	for (uint32_t i = 0; i < count; i++)
		items[i]->next = i + 1 < count ? items[i + 1] : NULL;
	group->first = items[0];
	group->last = items[count - 1];
	group->kind = BRANCH_LIST;
	return TAPE_FINE;
}

/* Lays down what stands before a branch's children, or all of a leaf. */
static enum tape_trouble
lay_start(struct tree *t, struct branch *b)
{
	enum tape_trouble trouble = TAPE_FINE;

	/* A group has each key once, so the tape need not look. */
	if (b->up != NULL && is_keyed(b->up))
		trouble = tape_fill(&t->tape, ENTRY_KEY, b->key);
	if (trouble != TAPE_FINE)
		return trouble;
	if (!has_children(b->kind))
		return tape_put(&t->tape, doc_kinds[b->kind], b->text);
	if (b->kind == BRANCH_GROUP && b != t->root && is_dense(b))
		trouble = order_items(t, b);
	if (trouble != TAPE_FINE)
		return trouble;
	return tape_open(&t->tape, doc_kinds[b->kind]);
}

enum tape_trouble
tree_lay(struct tree *t)
{
	struct branch *b = t->root, *next;

	for (;;) {
		enum tape_trouble trouble = lay_start(t, b);

		if (trouble == TAPE_FINE && b->first != NULL) {
			b = b->first;
			continue;
		}
		if (trouble != TAPE_FINE)
			return trouble;
		/* What begins next; on the way up to it containers end. */
		do {
			if (has_children(b->kind))
				trouble = tape_close(&t->tape);
			if (trouble != TAPE_FINE)
				return trouble;
			next = b->next;
			b = b->up;
		} while (next == NULL && b != NULL);
		if (next == NULL)
			return TAPE_FINE;
		b = next;
	}
}
