/* ek_app.h - the application: speaks the device protocol around one model, for ever. */
#ifndef EK_APP_H
#define EK_APP_H

/* Greets, then serves the line. Returns only when the line is closed for good (on a host). */
void ek_app_serve(void);

#endif
