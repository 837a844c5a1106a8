/* ek_x86.h - whether functions for parts of x86-64 can be compiled here: each names what it needs,
 * so that no compiler flag is wanted, and is called where the processor has it. -DEK_X86=0 leaves
 * them out. */
#ifndef EK_X86_H
#define EK_X86_H

#if !defined(EK_X86) && defined(__x86_64__) && defined(__GNUC__)
#if defined(__clang__) || __GNUC__ >= 8
#define EK_X86 1
#endif
#endif

#ifndef EK_X86
#define EK_X86 0
#endif

#if EK_X86
#include <immintrin.h>
#define EK_X86_AVX2 __attribute__((target("avx2")))
#endif

#endif
