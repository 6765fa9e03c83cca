// The functions of node.h and mixed.h for float and double, under names for ctypes.
//
// Apart from kernels.cpp: what a compiler makes of one file depends on all that is in it, and the
// functions there have made records that are not to change by a digit. `sizes` of a node: images,
// height, width, channels, height and width of a source that is halved, number of terms, threads;
// else a window's: images, height, width, channels, kernel, stride, dilation; then a number of
// tensors; then threads.

#include "node.h"

static Window window(const int64_t* s) { return {s[0], s[1], s[2], s[3], s[4], s[5], s[6]}; }

template <typename T>
static Entering<T> entering(const int64_t* s, const int64_t* terms, const T* const* parts,
                            const T* const* given, const T* const* kernels, T* kept) {
  static_assert(sizeof(Term) == 9 * sizeof(int64_t), "a row of the table");
  const auto* table = reinterpret_cast<const Term*>(terms);
  return {table, s[6], s[0], s[1], s[2], s[3], s[4], s[5], parts, given, kernels, kept, int(s[7])};
}

#define EXPORT(T, name)                                                                            \
  extern "C" void node_##name(const int64_t* s, const int64_t* terms, const T* const* parts,       \
                              const T* const* given, const T* const* kernels,                      \
                              const double* weight, T* kept, double* statistics, double* inner,    \
                              T* out) {                                                            \
    enter(entering<T>(s, terms, parts, given, kernels, kept), weight, statistics, inner, out);     \
  }                                                                                                \
  extern "C" void node_backward_##name(                                                            \
      const int64_t* s, const int64_t* terms, const T* const* parts, const T* const* given,        \
      const T* const* kernels, const double* weight, T* kept, const double* statistics,            \
      const double* inner, const T* g, double* of_weight, T* const* behind, T* const* leaving,     \
      T* of_kernels, T* scratch) {                                                                 \
    enter_backward(entering<T>(s, terms, parts, given, kernels, kept), g, weight, statistics,      \
                   inner, of_weight, behind, leaving, of_kernels, scratch);                        \
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
  extern "C" void leaving_##name(const int64_t* s, const T* x, const T* behind,                    \
                                 const T* const* grads, T* handed, const T* largest,               \
                                 const T* average, T* out) {                                       \
    const Leaving<T> edges{handed, s[7], s[3]};                                                    \
    leaving<T>(x, behind, grads, s[5] == 1 ? edges.skip() : nullptr, s[7],                         \
               edges.pool(largest, false), edges.pool(average, true), out, window(s), int(s[8]));  \
  }

EXPORT(float, f32)
EXPORT(double, f64)
