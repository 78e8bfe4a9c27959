/* sextant/abi.h - the plugin ABI, complete. Plain C99. One header per interface; read abi/base.h first. */
#ifndef SEXTANT_ABI_H
#define SEXTANT_ABI_H
#include <sextant/abi/base.h>
#include <sextant/abi/dataset.h>
#include <sextant/abi/inferencer.h>
#include <sextant/abi/metric.h>
#include <sextant/abi/model.h>
#include <sextant/abi/postprocessor.h>
#include <sextant/abi/retriever.h>
#include <sextant/abi/template.h>
#endif
