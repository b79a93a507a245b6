#ifndef ARCHIVESHIMS_H
#define ARCHIVESHIMS_H
#endif
