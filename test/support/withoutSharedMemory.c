#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static int is_shm(int fd){ char l[64], p[4096]; if(fd<0) return 0; snprintf(l,sizeof l,"/proc/self/fd/%d",fd); ssize_t n=readlink(l,p,sizeof p-1); if(n<4) return 0; p[n]=0; return strcmp(p+n-4,"-shm")==0; }
void *mmap(void*a,size_t n,int pr,int fl,int fd,off_t o){ static void*(*r)(void*,size_t,int,int,int,off_t); if(!r) r=dlsym(RTLD_NEXT,"mmap"); if((fl&MAP_SHARED)&&is_shm(fd)){errno=ENODEV;return MAP_FAILED;} return r(a,n,pr,fl,fd,o);}
void *mmap64(void*a,size_t n,int pr,int fl,int fd,off_t o){ static void*(*r)(void*,size_t,int,int,int,off_t); if(!r) r=dlsym(RTLD_NEXT,"mmap64"); if((fl&MAP_SHARED)&&is_shm(fd)){errno=ENODEV;return MAP_FAILED;} return r(a,n,pr,fl,fd,o);}
