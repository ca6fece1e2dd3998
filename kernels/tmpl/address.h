/* address.h - addresses that the compiler takes as they are. GCC otherwise works out all the addresses of a Winograd tile ahead,
 * and keeps or spills them together with what it loads early: the output transform of F(4x4) took a quarter longer. */
#ifndef NONET_TMPL_ADDRESS_H
#define NONET_TMPL_ADDRESS_H
#include "arch/vec.h"

VINLINE const float *from(const float *p)
{
    __asm__("" : "+r"(p));
    return p;
}

VINLINE float *to(float *p)
{
    __asm__("" : "+r"(p));
    return p;
}

#endif
