/* Preloaded into the program: its sockets have little room for what is sent, as on a network that is slower than
 * loopback, so that a request of some size goes out in parts. */
#include <dlfcn.h>
#include <sys/socket.h>

int socket(int domain, int type, int protocol)
{
  int (*real)(int, int, int);
  *(void **)&real = dlsym(RTLD_NEXT, "socket");
  int fd = real(domain, type, protocol), room = 4096;
  if (fd >= 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  return fd;
}
