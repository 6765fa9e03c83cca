// The functions of winograd.h for both types, under names for ctypes.

#include "winograd.h"

#define EXPORT(T, name)                                                                            \
  extern "C" void winograd_##name(const T* x, const T* kernel, T* y, T* mean, T* variance,         \
                                  int64_t images, int64_t height, int64_t width, int64_t channels, \
                                  int64_t edges, int threads) {                                    \
    winograd<T>(x, kernel, y, mean, variance, {images, height, width}, channels,                   \
                channels * edges, threads);                                                        \
  }                                                                                                \
  extern "C" void winograd_backward_##name(                                                        \
      const T* const* grads, const T* y, const T* gain, const T* slope, const T* rest, const T* x, \
      const T* kernel, T* dx, T* dkernel, int64_t images, int64_t height, int64_t width,           \
      int64_t channels, int64_t edges, int threads) {                                              \
    winograd_backward<T>({grads, y, gain, slope, rest, channels, edges}, x, kernel, dx, dkernel,   \
                         {images, height, width}, threads);                                        \
  }

EXPORT(float, f32)
EXPORT(double, f64)
