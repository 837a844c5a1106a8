/* profile_hook.c - the hook a model built with EK_PROFILE calls, where no application owns it. */
#include <stdint.h>

extern void (*ek_profile_hook)(uint32_t step);
void (*ek_profile_hook)(uint32_t step);
