/* The shared object that a function is in: this library, or one that it uses. */
#ifndef PS_BASE_MODULE_H
#define PS_BASE_MODULE_H

typedef void ps_module_function(void);

/* It is never unloaded from now on: for one in which a thread of nobody's may run on. Does nothing in a program that
 * was linked with it statically. */
void ps_module_pin(ps_module_function *member);

/* The function of this name there or in what it was linked with, or NULL. It stays valid if the object was pinned. */
ps_module_function *ps_module_find(ps_module_function *member, const char *name);

#endif
