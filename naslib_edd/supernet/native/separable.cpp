// The functions of separable.h and mixed.h for float and double, under names for ctypes.
//
// Apart from kernels.cpp: what a compiler makes of one file depends on all that is in it, and the
// functions there have made records that are not to change by a digit. `sizes` is a window's:
// images, height, width, channels, kernel, stride, dilation; then a number of tensors; then threads.

#include "mixed.h"

static Window window(const int64_t* s) { return {s[0], s[1], s[2], s[3], s[4], s[5], s[6]}; }

#define EXPORT(T, name)                                                                            \
  extern "C" void separable_##name(const int64_t* s, const T* x, const T* a, const T* b,           \
                                   const T* depthwise, const T* pointwise, T* z,                   \
                                   double* statistics) {                                           \
    separable<T>(x, a, b, depthwise, pointwise, z, statistics, window(s), int(s[8]));              \
  }                                                                                                \
  extern "C" void separable_backward_##name(                                                       \
      const int64_t* s, const T* g, const T* z, const T* slope, const T* along, const T* constant, \
      const T* x, const T* a, const T* b, const T* depthwise, const T* turned, const T* pointwise, \
      T* out, double* sums, double* of_depthwise, double* of_pointwise) {                          \
    separable_backward<T>(g, z, slope, along, constant, x, a, b, depthwise, turned, pointwise,     \
                          out, sums, of_depthwise, of_pointwise, window(s), int(s[8]));            \
  }                                                                                                \
  extern "C" void pools_##name(const int64_t* s, const T* x, T* largest, T* average,               \
                               double* of_largest, double* of_average) {                           \
    pools<T>(x, largest, average, of_largest, of_average, window(s), int(s[8]));                   \
  }                                                                                                \
  extern "C" void weighted_##name(const int64_t* s, const T* const* xs, const T* gains,            \
                                  const T* constant, T* out) {                                     \
    weighted<T>(xs, gains, constant, out, s[7], s[0] * s[1] * s[2], s[3], int(s[8]));              \
  }                                                                                                \
  extern "C" void all_dots_##name(const int64_t* s, const T* g, const T* const* xs, double* total, \
                                  double* along) {                                                 \
    all_dots<T>(g, xs, total, along, s[7], s[0], s[1] * s[2], s[3], int(s[8]));                    \
  }                                                                                                \
  extern "C" void leaving_##name(                                                                  \
      const int64_t* s, const T* x, const T* behind, const T* const* grads, const T* skip,         \
      const T* largest, const T* gains, const T* along, const T* constant, const T* average,       \
      const T* average_gains, const T* average_along, const T* average_constant, T* out) {         \
    leaving<T>(x, behind, grads, skip, s[7], {largest, gains, along, constant},                    \
               {average, average_gains, average_along, average_constant}, out, window(s),          \
               int(s[8]));                                                                         \
  }

EXPORT(float, f32)
EXPORT(double, f64)
