// The functions of winograd.h and pointwise.h for both types, under names for ctypes.

#include "pointwise.h"

#define SIZES                                                                                      \
  int64_t images, int64_t height, int64_t width, int64_t channels, int64_t edges, int threads

#define EXPORT(T, name, convolution)                                                               \
  extern "C" void convolution##_##name(const T* x, const T* kernel, T* y, T* mean, T* variance,    \
                                       SIZES) {                                                    \
    convolution<T>(x, kernel, y, mean, variance, {images, height, width}, channels,                \
                   channels * edges, threads);                                                     \
  }                                                                                                \
  extern "C" void convolution##_backward_##name(                                                   \
      const T* const* grads, const T* y, const T* gain, const T* slope, const T* rest, const T* x, \
      const T* kernel, T* dx, T* dkernel, SIZES) {                                                 \
    convolution##_backward<T>({grads, y, gain, slope, rest, channels, edges}, x, kernel, dx,       \
                              dkernel, {images, height, width}, threads);                          \
  }

EXPORT(float, f32, winograd)
EXPORT(double, f64, winograd)
EXPORT(float, f32, pointwise)
EXPORT(double, f64, pointwise)
