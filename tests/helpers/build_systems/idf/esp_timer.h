/* Stand-in for ESP-IDF's timer. */
#pragma once
#include <stdint.h>

int64_t esp_timer_get_time(void);
