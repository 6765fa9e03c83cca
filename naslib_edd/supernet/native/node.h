// All that enters a node of a search cell of the DARTS space: its value
//   node = sum_t weight_t * (z_t - mean_t) / deviation_t,
// and the backward pass of that sum, of its norms and of the operations that gave z_t.
// Twin: naslib_edd/spaces/darts/node.py. See separable.h.

#pragma once

#include <cmath>

#include "mixed.h"
#include "reduce.h"

constexpr double EPS = 1e-5;  // of all norms

// One operation on one edge, as naslib_edd/supernet/native/nodes.py writes it down.
enum Kind : int64_t { SKIP, LARGEST, AVERAGE, NOISE, ONCE, TWICE, REDUCE };
struct Term {
  int64_t kind;      // LARGEST and AVERAGE: pools; ONCE and TWICE: separable convolutions
  int64_t source;    // the node that it comes from
  int64_t stride, dilation, kernel;
  int64_t weights;   // where its kernels begin among those of all terms
  int64_t slot;      // where its z is kept, and behind it the first half's; -1: it was given
  int64_t edge;      // which of its source's edges it is on
  int64_t edges;     // how many edges its source has in all
};

// What the terms of a node have in common. Sizes are the node's, or those of a source that is halved.
template <typename T>
struct Entering {
  const Term* terms;
  int64_t many, images, height, width, channels, halved_height, halved_width;
  const T* const* parts;    // the sources' values
  const T* const* given;    // z of the terms that are not computed here; null where they are
  const T* const* weights;  // kernels of all terms
  T* kept;                  // slots of a node's size
  int threads;

  int64_t size() const { return images * height * width * channels; }
  int64_t pixels() const { return images * height * width; }
  const T* value(int64_t t) const {
    return terms[t].slot < 0 ? given[t] : kept + terms[t].slot * size();
  }
  std::vector<const T*> values() const {
    std::vector<const T*> found(many);
    for (int64_t t = 0; t < many; ++t) found[t] = value(t);
    return found;
  }
  Window window(const Term& term) const {
    if (term.stride == 1) return {images, height, width, channels, term.kernel, 1, term.dilation};
    return {images, halved_height, halved_width, channels, term.kernel, 2, term.dilation};
  }
  Halving halving() const { return {images, halved_height, halved_width, channels}; }
};

// Both kernels of a separable convolution as separable.h reads them.
template <typename T>
struct Separable {
  Lines<T> by_tap, turned, by_input;
  const T* by_output;
  Separable(const T* depthwise, const T* pointwise, int64_t taps, int64_t C)
      : by_tap(taps * C), turned(taps * C), by_input(C * C), by_output(pointwise) {
    for (int64_t c = 0; c < C; ++c)
      for (int64_t t = 0; t < taps; ++t)
        by_tap[t * C + c] = turned[(taps - 1 - t) * C + c] = depthwise[c * taps + t];
    for (int64_t o = 0; o < C; ++o)
      for (int64_t i = 0; i < C; ++i) by_input[i * C + o] = pointwise[o * C + i];
  }
};

// A norm of these statistics [2, C] as a*x + b.
template <typename T>
struct Affine {
  Lines<T> a, b;
  Affine(const double* statistics, int64_t C) : a(C), b(C) {
    for (int64_t c = 0; c < C; ++c) {
      const double gain = 1 / std::sqrt(statistics[C + c] + EPS);
      a[c] = T(gain);
      b[c] = T(-gain * statistics[c]);
    }
  }
};

// Of a norm, whose input z has the gradient gain*g + slope*z + constant.
template <typename T>
struct Coefficients {
  Lines<T> gain, slope, constant;
  double along = 0;  // sum of g*(z - mean)/deviation
  // statistics [2, C]; sums of g and of g*z; the norm's output is weighed with `weight`.
  Coefficients(const double* statistics, const double* total, const double* product, double weight,
               double count, int64_t C)
      : gain(C), slope(C), constant(C) {
    for (int64_t c = 0; c < C; ++c) {
      const double mean = statistics[c], spread = 1 / std::sqrt(statistics[C + c] + EPS);
      const double centred = (product[c] - mean * total[c]) * spread;
      const double of_g = weight * spread, of_z = -of_g * spread * centred / count;
      along += centred;
      gain[c] = T(of_g);
      slope[c] = T(of_z);
      constant[c] = T(-of_g * total[c] / count - of_z * mean);
    }
  }
};

// The node's value, `out`; z of the terms and their statistics [many, 2, C] are kept, and of TWICE
// the first half's in `inner`. Those of pools are there already.
template <typename T>
void enter(const Entering<T>& e, const double* weight, double* statistics, double* inner, T* out) {
  const int64_t C = e.channels;
  for (int64_t t = 0; t < e.many; ++t) {
    const Term& term = e.terms[t];
    const T* x = e.parts[term.source];
    const T* const* kernels = e.weights + term.weights;
    double* own = statistics + t * 2 * C;
    T* z = e.kept + term.slot * e.size();
    if (term.kind == SKIP || term.kind == NOISE) {  // a norm that would change nothing
      for (int64_t c = 0; c < C; ++c) own[c] = 0, own[C + c] = 1 - EPS;
    } else if (term.kind == REDUCE) {
      reduce(x, kernels[0], kernels[1], z, own, e.halving(), e.threads);
    } else if (term.kind == ONCE || term.kind == TWICE) {
      const int64_t taps = term.kernel * term.kernel;
      const Window w = e.window(term);
      const bool twice = term.kind == TWICE;
      T* first = twice ? z + e.size() : z;
      double* of_first = twice ? inner + t * 2 * C : own;
      Separable<T> one(kernels[0], kernels[1], taps, C);
      const T* none = nullptr;
      separable(x, none, none, one.by_tap.data(), one.by_input.data(), first, of_first, w,
                e.threads);
      if (!twice) continue;
      Affine<T> norm(of_first, C);
      Separable<T> two(kernels[2], kernels[3], taps, C);
      const Window again{e.images, e.height, e.width, C, term.kernel, 1, 1};
      separable(first, norm.a.data(), norm.b.data(), two.by_tap.data(), two.by_input.data(), z, own,
                again, e.threads);
    }
  }
  Lines<T> gains(e.many * C), constant(C);
  std::vector<double> offset(C);
  for (int64_t t = 0; t < e.many; ++t)
    for (int64_t c = 0; c < C; ++c) {
      const double* own = statistics + t * 2 * C;
      const double gain = weight[t] / std::sqrt(own[C + c] + EPS);
      gains[t * C + c] = T(gain);
      offset[c] -= gain * own[c];
    }
  for (int64_t c = 0; c < C; ++c) constant[c] = T(offset[c]);
  weighted(e.values().data(), gains.data(), constant.data(), out, e.many, e.pixels(), C, e.threads);
}

// What the edges that leave a source hand to `leaving`: [edges] weights of the source itself, and of
// either pool [edges, C] gains, [C] slopes and [C] constants.
template <typename T>
struct Leaving {
  T* at;
  int64_t edges, C;
  T* skip() const { return at; }
  PoolGradient<T> pool(const T* value, bool average) const {
    T* gains = at + edges + average * (edges + 2) * C;
    return {value, gains, gains + edges * C, gains + (edges + 1) * C};
  }
  void add(const Coefficients<T>& found, int64_t edge, bool average) const {
    T* gains = at + edges + average * (edges + 2) * C;
    for (int64_t c = 0; c < C; ++c) {
      gains[edge * C + c] += found.gain[c];
      gains[edges * C + c] += found.slope[c];
      gains[(edges + 1) * C + c] += found.constant[c];
    }
  }
};

// The gradients of one separable convolution's kernels, as it has them and as autograd wants them.
template <typename T>
struct OfKernels {
  std::vector<double> depthwise, pointwise;
  OfKernels(bool wanted, int64_t taps, int64_t C)
      : depthwise(wanted ? taps * C : 0), pointwise(wanted ? C * C : 0) {}
  double* of_depthwise() { return depthwise.empty() ? nullptr : depthwise.data(); }
  double* of_pointwise() { return pointwise.empty() ? nullptr : pointwise.data(); }
  T* write(T* to, int64_t taps, int64_t C) const {  // [C, 1, k, k], then [C out, C in]
    if (depthwise.empty()) return to;
    for (int64_t c = 0; c < C; ++c)
      for (int64_t t = 0; t < taps; ++t) *to++ = T(depthwise[t * C + c]);
    for (double value : pointwise) *to++ = T(value);
    return to;
  }
};

// Backward of `enter`, for the node's gradient g.
//
// of_weight [many + 1]: that of each weight, and of a number that is added to the node. behind: of
// each source, what the gradients of its ReLU are added to; null where they are not wanted, nor the
// kernels'. leaving: of each source, what is handed to `leaving` (see there). of_kernels: those of
// all kernels, one after the other, or null. scratch: room for a node. A term whose weight is 0 has
// gradients of 0.
template <typename T>
void enter_backward(const Entering<T>& e, const T* g, const double* weight,
                    const double* statistics, const double* inner, double* of_weight,
                    T* const* behind, T* const* leaving, T* of_kernels, T* scratch) {
  const int64_t C = e.channels;
  const double count = double(e.pixels());
  std::vector<double> total(C), products(e.many * C);
  all_dots(g, e.values().data(), total.data(), products.data(), e.many, e.images,
           e.height * e.width, C, e.threads);
  of_weight[e.many] = 0;
  for (int64_t c = 0; c < C; ++c) of_weight[e.many] += total[c];
  for (int64_t t = 0; t < e.many; ++t) {
    const Term& term = e.terms[t];
    Coefficients<T> norm(statistics + t * 2 * C, total.data(), products.data() + t * C, weight[t],
                         count, C);
    of_weight[t] = norm.along;
    const Leaving<T> edges{leaving[term.source], term.edges, C};
    if (term.kind == SKIP) edges.skip()[term.edge] = T(weight[t]);
    if (term.kind == LARGEST || term.kind == AVERAGE)
      edges.add(norm, term.edge, term.kind == AVERAGE);
    if (term.kind < ONCE) continue;

    T* to = behind[term.source];
    const int64_t taps = term.kernel * term.kernel;
    const int64_t numbers = term.kind == REDUCE ? C * C : (term.kind - ONCE + 1) * C * (taps + C);
    T* found = of_kernels;
    if (of_kernels) of_kernels += numbers;
    if (!to) continue;
    if (weight[t] == 0) {
      if (found) std::fill(found, found + numbers, T(0));
      continue;
    }
    const T *x = e.parts[term.source], *z = e.value(t);
    const T* const* kernels = e.weights + term.weights;
    if (term.kind == REDUCE) {
      std::vector<double> both(found ? C * C : 0);
      reduce_backward(g, z, norm.gain.data(), norm.slope.data(), norm.constant.data(), x,
                      kernels[0], kernels[1], to, found ? both.data() : nullptr, e.halving(),
                      e.threads);
      for (double value : both) *found++ = T(value);
      continue;
    }
    const T* none = nullptr;
    OfKernels<T> gradients(found, taps, C);
    Separable<T> one(kernels[0], kernels[1], taps, C);
    auto first_half = [&](const T* grad, const T* value, Coefficients<T>& coefficients) {
      separable_backward(grad, value, coefficients.gain.data(), coefficients.slope.data(),
                         coefficients.constant.data(), x, none, none, one.by_tap.data(),
                         one.turned.data(), one.by_output, to, static_cast<double*>(nullptr),
                         gradients.of_depthwise(), gradients.of_pointwise(), e.window(term),
                         e.threads);
      gradients.write(found, taps, C);
    };
    if (term.kind == ONCE) {
      first_half(g, z, norm);
      continue;
    }
    const T* first = z + e.size();
    const double* of_first = inner + t * 2 * C;
    Affine<T> affine(of_first, C);
    Separable<T> two(kernels[2], kernels[3], taps, C);
    std::vector<double> sums(2 * C);
    const Window again{e.images, e.height, e.width, C, term.kernel, 1, 1};
    separable_backward(g, z, norm.gain.data(), norm.slope.data(), norm.constant.data(), first,
                       affine.a.data(), affine.b.data(), two.by_tap.data(), two.turned.data(),
                       two.by_output, scratch, sums.data(), gradients.of_depthwise(),
                       gradients.of_pointwise(), again, e.threads);
    if (found) gradients.write(found + C * (taps + C), taps, C);
    Coefficients<T> before(of_first, sums.data(), sums.data() + C, 1, count, C);
    first_half(scratch, first, before);
  }
}
