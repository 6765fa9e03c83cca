// The functions of the headers for float, double and half beside float, under names for ctypes.

#include "coefficients.h"
#include "passes.h"
#include "sampled.h"

#define SIZES int64_t images, int64_t height, int64_t width, int64_t channels, int64_t edges
#define SHAPE {images, height, width, channels, edges}

// What a convolution's output is read from, or its gradient is written to, is Y: T, or half.
#define AROUND_CONVOLUTIONS(T, Y, name)                                                            \
  extern "C" void moments_##name(const Y* x, T* mean, T* variance, SIZES, int threads) {           \
    moments<T, Y>(x, mean, variance, images, height * width, channels, threads);                   \
  }                                                                                                \
  extern "C" void forward_##name(const T* h, const T* pointwise, const Y* y3, const T* scale,      \
                                 const T* shift, const T* skip, const T* pool,                     \
                                 const T* const* before, T* const* totals, SIZES, int threads) {   \
    forward<T, Y>(h, pointwise, y3, scale, shift, skip, pool, before, totals, SHAPE, threads);     \
  }                                                                                                \
  extern "C" void sums_##name(const T* const* grads, const Y* y3, const T* h, const T* mean,       \
                              T* total, T* along, T* products, T* skip, T* pool, SIZES,            \
                              int threads) {                                                       \
    sums<T, Y>(grads, y3, h, mean, total, along, products, skip, pool, SHAPE, threads);            \
  }                                                                                                \
  extern "C" void norm_backward_##name(const T* const* grads, const Y* y3, const T* a, const T* b, \
                                       const T* constant, Y* out, SIZES, int threads) {            \
    norm_backward<T, Y>(grads, y3, a, b, constant, out, SHAPE, threads);                           \
  }                                                                                                \
  extern "C" void gradient_##name(const T* const* grads, const T* rectified, const T* pointwise,   \
                                  const T* back, const T* constant, const T* skip, const T* pool,  \
                                  const Y* dr, T* dh, SIZES, int threads) {                        \
    gradient<T, Y>(grads, rectified, pointwise, back, constant, skip, pool, dr, dh, SHAPE,         \
                   threads);                                                                       \
  }

#define EXPORT(T, name)                                                                            \
  extern "C" void average_pool_##name(const T* x, T* out, SIZES, int threads) {                    \
    average_pool<T>(x, out, SHAPE, threads);                                                       \
  }                                                                                                \
  extern "C" void average_pool_backward_##name(const T* g, T* out, SIZES, int threads) {           \
    average_pool_backward<T>(g, out, SHAPE, threads);                                              \
  }                                                                                                \
  extern "C" void rectify_##name(const T* h, T* r, BFloat16* half, T* mean, T* covariance, SIZES,  \
                                 int threads) {                                                    \
    rectify<T>(h, r, half, mean, covariance, images, height * width, channels, threads);           \
  }                                                                                                \
  extern "C" void combine_##name(const T* const* xs, const int64_t* strides,                       \
                                 const T* const* gains, const T* const* centres, T* out,           \
                                 T* positive, SIZES, int threads) {                                \
    combine<T>(xs, strides, gains, centres, out, positive, SHAPE, threads);                        \
  }                                                                                                \
  extern "C" void arriving_##name(const T* g, const T* const* xs, const int64_t* strides,          \
                                  const T* const* centres, T* total, T* along, SIZES,              \
                                  int threads) {                                                   \
    arriving<T>(g, xs, strides, centres, total, along, SHAPE, threads);                            \
  }                                                                                                \
  extern "C" void gather_##name(const T* first, const T* second, const T* r,                       \
                                const T* const* past, T* out, SIZES, int threads) {                \
    gather<T>(first, second, r, past, out, SHAPE, threads);                                        \
  }                                                                                                \
  extern "C" void fold_##name(const T* kernel, const T* m, const T* S, const T* beta1,             \
                              const T* beta3, const T* mean3, const T* variance3, T* folded,       \
                              T* spread, T* factor, T* deviation, T* gain3, T* inverse3, T* shift, \
                              T* mean1, T* variance1, double eps1, double eps3, int64_t channels,  \
                              int64_t edges) {                                                     \
    fold<T>(kernel, m, S, beta1, beta3, mean3, variance3, eps1, eps3, folded, spread, factor,      \
            deviation, gain3, inverse3, shift, mean1, variance1, channels, edges);                 \
  }                                                                                                \
  extern "C" void unfold_##name(const T* kernel, const T* m, const T* spread, const T* factor,     \
                                const T* deviation, const T* gain3, const T* inverse3,             \
                                const T* mean3, const T* total, const T* along, const T* products, \
                                T* slope, T* rest, T* weighted, T* back, T* constant, T* of_beta1, \
                                T* of_beta3, T* of_kernel, double count, int64_t channels,         \
                                int64_t edges) {                                                   \
    unfold<T>(kernel, m, spread, factor, deviation, gain3, inverse3, mean3, total, along,          \
              products, count, slope, rest, weighted, back, constant, of_beta1, of_beta3,          \
              of_kernel, channels, edges);                                                         \
  }

EXPORT(float, f32)
EXPORT(double, f64)
AROUND_CONVOLUTIONS(float, float, f32)
AROUND_CONVOLUTIONS(double, double, f64)
AROUND_CONVOLUTIONS(float, BFloat16, bf16)
