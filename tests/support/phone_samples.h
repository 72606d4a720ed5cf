/*
 * support/phone_samples.h - numbers as people of all regions write them.
 *
 * libphonenumber's examples: valid and not, of every kind, in its notations.
 * In C++, as the library is.
 */
#ifndef SUPPORT_PHONE_SAMPLES_H
#define SUPPORT_PHONE_SAMPLES_H

#ifdef __cplusplus
extern "C" {
#endif

/* give() is called once a sample; both texts are gone when it returns. */
void phone_samples(void (*give)(const char *region, const char *text, void *to),
    void *to);

#ifdef __cplusplus
}
#endif

#endif
