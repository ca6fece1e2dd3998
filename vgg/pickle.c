/* pickle.c - the stack machine of a pickle, protocols 2 to 5, without the opcodes that a state dict has no use for. */
#include <string.h>

#include "vgg/pickle_objects.h"

/* The pickle of a VGG has some thousand bytes, that of a training state some hundred thousand. */
enum { INPUT_MAX = 4 << 20, MEMO_MAX = 1 << 20 };

typedef struct machine {
    pickle *p;
    const unsigned char *at, *end;
    pickle_items *stack, *memo;         /* an empty slot of the memo is a MARK */
    int stopped;
} machine;

/* The steps return 1, 0 with p->error, or NOT_MINE for an opcode of another group. */
enum { NOT_MINE = -1 };

/* ---- input ---- */

static const unsigned char *take(machine *m, uint64_t bytes)
{
    const unsigned char *at = m->at;
    if (bytes > (uint64_t)(m->end - m->at)) {
        vgg_pickle_fail(m->p, "is cut off");
        return NULL;
    }
    m->at += bytes;
    return at;
}

/* An unsigned number of 1, 2, 4 or 8 bytes, little endian. */
static int take_number(machine *m, size_t bytes, uint64_t *value)
{
    const unsigned char *at = take(m, bytes);
    *value = 0;
    if (at)
        memcpy(value, at, bytes);
    return at != NULL;
}

static int take_line(machine *m, pickle_bytes *line)
{
    const unsigned char *newline = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!newline) {
        vgg_pickle_fail(m->p, "is cut off in a name");
        return 0;
    }
    *line = (pickle_bytes){(const char *)m->at, (size_t)(newline - m->at)};
    m->at = newline + 1;
    return 1;
}

/* ---- stack ----
 * Here and above "return 0" stands by itself: it lets compilers see that what a success hands out is set. */

static int push(machine *m, pickle_value value)
{
    return vgg_pickle_append(m->p, m->stack, &value, 1);
}

static int push_int(machine *m, pickle_type type, int64_t i)
{
    return push(m, (pickle_value){.type = type, .as.i = i});
}

static int pop(machine *m, pickle_value *value)
{
    if (m->stack->count == 0 || m->stack->at[m->stack->count - 1].type == PICKLE_MARK) {
        vgg_pickle_fail(m->p, "takes from an empty stack");
        return 0;
    }
    *value = m->stack->at[--m->stack->count];
    return 1;
}

static pickle_value *top(machine *m)
{
    if (m->stack->count == 0 || m->stack->at[m->stack->count - 1].type == PICKLE_MARK) {
        vgg_pickle_fail(m->p, "takes from an empty stack");
        return NULL;
    }
    return &m->stack->at[m->stack->count - 1];
}

/* Takes what lies above the last mark, and the mark. The values stay readable until the next push. */
static int pop_to_mark(machine *m, const pickle_value **from, size_t *count)
{
    size_t i = m->stack->count;
    while (i > 0 && m->stack->at[i - 1].type != PICKLE_MARK)
        i--;
    if (i == 0) {
        vgg_pickle_fail(m->p, "has no mark where it needs one");
        return 0;
    }
    *from = m->stack->at + i;
    *count = m->stack->count - i;
    m->stack->count = i - 1;
    return 1;
}

/* ---- opcodes ---- */

static int push_container(machine *m, pickle_type type, const pickle_value *from, size_t count)
{
    pickle_value v = {.type = type, .as.items = vgg_pickle_new_items(m->p)};
    if (type == PICKLE_DICT && count % 2)
        return vgg_pickle_fail(m->p, "has a key without a value");
    return v.as.items && vgg_pickle_append(m->p, v.as.items, from, count) && push(m, v);
}

static int push_marked(machine *m, pickle_type type)
{
    const pickle_value *from;
    size_t count;
    return pop_to_mark(m, &from, &count) && push_container(m, type, from, count);
}

static int push_tuple(machine *m, size_t count)
{
    pickle_value items[3];
    for (size_t i = count; i-- > 0;)
        if (!pop(m, &items[i]))
            return 0;
    return push_container(m, PICKLE_TUPLE, items, count);
}

static int push_bytes(machine *m, size_t length_bytes)
{
    uint64_t size;
    if (!take_number(m, length_bytes, &size))
        return 0;
    const unsigned char *at = take(m, size);
    return at && push(m, (pickle_value){.type = PICKLE_BYTES, .as.bytes = {(const char *)at, (size_t)size}});
}

/* Two's complement of any length; beyond 64 bits (torch's magic number) it stays a row of bytes. */
static int push_long(machine *m, size_t length_bytes)
{
    if (!push_bytes(m, length_bytes))
        return 0;
    pickle_value *v = top(m);
    pickle_bytes bytes = v->as.bytes;
    if (bytes.size > 8)
        return 1;
    uint64_t number = bytes.size && (bytes.at[bytes.size - 1] & 0x80) ? UINT64_MAX : 0;
    memcpy(&number, bytes.at, bytes.size);
    *v = (pickle_value){.type = PICKLE_INT, .as.i = (int64_t)number};
    return 1;
}

static int step_scalar(machine *m, unsigned char op)
{
    uint64_t n;
    switch (op) {
    case 'N':
        return push_int(m, PICKLE_NONE, 0);
    case 0x88:
    case 0x89:
        return push_int(m, PICKLE_BOOL, op == 0x88);
    case 'K':
        return take_number(m, 1, &n) && push_int(m, PICKLE_INT, (int64_t)n);
    case 'M':
        return take_number(m, 2, &n) && push_int(m, PICKLE_INT, (int64_t)n);
    case 'J':
        return take_number(m, 4, &n) && push_int(m, PICKLE_INT, (int32_t)n);
    case 0x8a:
        return push_long(m, 1);
    case 0x8b:
        return push_long(m, 4);
    case 'G':
        return take(m, 8) && push_int(m, PICKLE_FLOAT, 0);
    case 'U':
    case 'C':
    case 0x8c:
        return push_bytes(m, 1);
    case 'X':
    case 'T':
    case 'B':
        return push_bytes(m, 4);
    case 0x8d:
    case 0x8e:
        return push_bytes(m, 8);
    default:
        return NOT_MINE;
    }
}

/* Appends to the container that lies under the values taken. */
static int extend(machine *m, pickle_type type, const pickle_value *from, size_t count)
{
    pickle_value *into = top(m);
    if (!into)
        return 0;
    if (into->type != type || (type == PICKLE_DICT && count % 2))
        return vgg_pickle_fail(m->p, "fills something that is no %s", type == PICKLE_DICT ? "dict" : "list");
    return vgg_pickle_append(m->p, into->as.items, from, count);
}

static int extend_last(machine *m, pickle_type type, size_t count)
{
    pickle_value values[2];
    for (size_t i = count; i-- > 0;)
        if (!pop(m, &values[i]))
            return 0;
    return extend(m, type, values, count);
}

static int extend_marked(machine *m, pickle_type type)
{
    const pickle_value *from;
    size_t count;
    return pop_to_mark(m, &from, &count) && extend(m, type, from, count);
}

static int step_container(machine *m, unsigned char op)
{
    switch (op) {
    case ')':
        return push_container(m, PICKLE_TUPLE, NULL, 0);
    case ']':
        return push_container(m, PICKLE_LIST, NULL, 0);
    case '}':
        return push_container(m, PICKLE_DICT, NULL, 0);
    case 't':
        return push_marked(m, PICKLE_TUPLE);
    case 'l':
        return push_marked(m, PICKLE_LIST);
    case 'd':
        return push_marked(m, PICKLE_DICT);
    case 0x85:
    case 0x86:
    case 0x87:
        return push_tuple(m, op - 0x84u);
    case 'a':
        return extend_last(m, PICKLE_LIST, 1);
    case 's':
        return extend_last(m, PICKLE_DICT, 2);
    case 'e':
        return extend_marked(m, PICKLE_LIST);
    case 'u':
        return extend_marked(m, PICKLE_DICT);
    default:
        return NOT_MINE;
    }
}

static int memo_put(machine *m, uint64_t index)
{
    static const pickle_value empty = {.type = PICKLE_MARK};
    const pickle_value *value = top(m);
    if (!value)
        return 0;
    if (index >= MEMO_MAX)
        return vgg_pickle_fail(m->p, "remembers more than %d values", MEMO_MAX);
    while (m->memo->count <= index)
        if (!vgg_pickle_append(m->p, m->memo, &empty, 1))
            return 0;
    m->memo->at[index] = *value;
    return 1;
}

static int memo_get(machine *m, uint64_t index)
{
    if (index >= m->memo->count || m->memo->at[index].type == PICKLE_MARK)
        return vgg_pickle_fail(m->p, "asks for a value that it has not remembered");
    return push(m, m->memo->at[index]);
}

static int step_memo(machine *m, unsigned char op)
{
    uint64_t n;
    switch (op) {
    case 'q':
        return take_number(m, 1, &n) && memo_put(m, n);
    case 'r':
        return take_number(m, 4, &n) && memo_put(m, n);
    case 0x94:
        return memo_put(m, m->memo->count);
    case 'h':
        return take_number(m, 1, &n) && memo_get(m, n);
    case 'j':
        return take_number(m, 4, &n) && memo_get(m, n);
    default:
        return NOT_MINE;
    }
}

static int push_class(machine *m, unsigned char op)
{
    pickle_value module, name, out;
    if (op == 'c')
        return take_line(m, &module.as.bytes) && take_line(m, &name.as.bytes) &&
               vgg_pickle_class(m->p, module.as.bytes, name.as.bytes, &out) && push(m, out);
    if (!pop(m, &name) || !pop(m, &module))
        return 0;
    if (module.type != PICKLE_BYTES || name.type != PICKLE_BYTES)
        return vgg_pickle_fail(m->p, "names a class by something other than strings");
    return vgg_pickle_class(m->p, module.as.bytes, name.as.bytes, &out) && push(m, out);
}

static int step_object(machine *m, unsigned char op)
{
    pickle_value a, b, out;
    switch (op) {
    case 'c':
    case 0x93:
        return push_class(m, op);
    case 'R':
    case 0x81:
        return pop(m, &a) && pop(m, &b) && vgg_pickle_call(m->p, &b, &a, &out) && push(m, out);
    case 'b':
        return pop(m, &a) && top(m) && vgg_pickle_build(m->p, top(m), &a);
    case 'Q':
        return pop(m, &a) && vgg_pickle_persistent(m->p, &a, &out) && push(m, out);
    default:
        return NOT_MINE;
    }
}

static int step_machine(machine *m, unsigned char op)
{
    uint64_t n;
    const pickle_value *from;
    size_t count;
    pickle_value dropped;
    switch (op) {
    case 0x80:
        if (!take_number(m, 1, &n))
            return 0;
        return n >= 2 && n <= 5 ? 1 : vgg_pickle_fail(m->p, "is of protocol %d; 2 to 5 are read", (int)n);
    case 0x95:          /* how long the next part is: of use to who reads from a pipe */
        return take(m, 8) != NULL;
    case '(':
        return push_int(m, PICKLE_MARK, 0);
    case '0':
        return pop(m, &dropped);
    case '1':
        return pop_to_mark(m, &from, &count);
    case '2':
        return top(m) && push(m, *top(m));
    case '.':
        m->stopped = 1;
        return 1;
    default:
        return NOT_MINE;
    }
}

static int step(machine *m)
{
    static int (*const groups[])(machine *, unsigned char) = {step_memo, step_scalar, step_container, step_object, step_machine};
    const unsigned char *op = take(m, 1);
    if (!op)
        return 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        int done = groups[i](m, *op);
        if (done != NOT_MINE)
            return done;
    }
    m->p->unsupported = 1;
    return vgg_pickle_fail(m->p, "holds the opcode 0x%02x, which no state dict needs", *op);
}

int vgg_pickle_read(pickle *p, const void *input, size_t size, size_t *used, pickle_value *value)
{
    const unsigned char *start = input;
    machine m = {.p = p, .at = start, .end = start + (size < INPUT_MAX ? size : INPUT_MAX)};
    m.stack = vgg_pickle_new_items(p);
    m.memo = vgg_pickle_new_items(p);
    if (!m.stack || !m.memo)
        return 0;
    while (!m.stopped)
        if (!step(&m))
            return 0;
    *used = (size_t)(m.at - start);
    if (m.stack->count != 1)
        return vgg_pickle_fail(p, "leaves %zu values at its end", m.stack->count);
    return pop(&m, value);
}
