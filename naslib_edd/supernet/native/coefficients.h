// What batch norm and weights come to for a whole node: a few numbers a channel, from sums.
//
// K: the 1x1 convolutions [E*C, C]; m, S: mean and covariance of their input, so that K*m and
// diag(K*S*K^T) are those of their output, which is never made.

#pragma once

#include <cmath>

#include "blocks.h"

// folded = (factor*K)^T [C, E*C]; spread = K*S; factor = beta1/deviation1; gain3 = beta3/deviation3;
// shift = what the two norms subtract; mean1, variance1: of the 1x1 convolutions' output.
template <typename T>
void fold(const T* kernel, const T* m, const T* S, const T* beta1, const T* beta3, const T* mean3,
          const T* variance3, double eps1, double eps3, T* folded, T* spread, T* factor,
          T* deviation, T* gain3, T* inverse3, T* shift, T* mean1, T* variance1, int64_t C,
          int64_t edges) {
  const int64_t EC = edges * C;
  for (int64_t d = 0; d < EC; ++d) {
    const T* __restrict k = kernel + d * C;
    T* __restrict along = spread + d * C;
    for (int64_t c = 0; c < C; ++c) along[c] = 0;
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < C; ++i) {
      const T* __restrict other = S + i * C;
      const T value = k[i];
      for (int64_t c = 0; c < C; ++c) along[c] += value * other[c];
      mean += double(value) * m[i];
    }
    for (int64_t c = 0; c < C; ++c) variance += double(along[c]) * k[c];
    if (variance < 0) variance = 0;
    mean1[d] = T(mean), variance1[d] = T(variance);
    deviation[d] = T(std::sqrt(variance + eps1));
    factor[d] = beta1[d / C] / deviation[d];
    inverse3[d] = T(1 / std::sqrt(double(variance3[d]) + eps3));
    gain3[d] = beta3[d / C] * inverse3[d];
    shift[d] = -factor[d] * mean1[d] - gain3[d] * mean3[d];
    for (int64_t c = 0; c < C; ++c) folded[c * EC + d] = factor[d] * k[c];
  }
}

// The backward pass of fold, and what batch norm's own needs. Of sums over batch and pixels (total =
// sum g, along = sum g*(y3 - mean3), products = sum g*ReLU(h)^T) it makes: slope and rest, with which
// dy3 = gain3*g + slope*y3 + rest; weighted = factor*K, back = -pull^T and constant, with which the
// gradient of r is weighted^T*g + back^T*r + constant; the gradients of beta1, beta3 and of K
// (unless null).
template <typename T>
void unfold(const T* kernel, const T* m, const T* spread, const T* factor, const T* deviation,
            const T* gain3, const T* inverse3, const T* mean3, const T* total, const T* along,
            const T* products, double count, T* slope, T* rest, T* weighted, T* back, T* constant,
            T* of_beta1, T* of_beta3, T* of_kernel, int64_t C, int64_t edges) {
  const T n = T(count);
  for (int64_t e = 0; e < edges; ++e) of_beta1[e] = of_beta3[e] = 0;
  for (int64_t i = 0; i < C * C; ++i) back[i] = 0;
  for (int64_t c = 0; c < C; ++c) constant[c] = 0;
  std::vector<T> row(C);
  T* __restrict gram = row.data();
  for (int64_t d = 0; d < edges * C; ++d) {
    const T* __restrict k = kernel + d * C;
    T* __restrict scaled = weighted + d * C;
    const T scale3 = along[d] * inverse3[d];
    slope[d] = -gain3[d] * inverse3[d] * scale3 / n;
    rest[d] = -gain3[d] * total[d] / n - slope[d] * mean3[d];
    double sum = 0;
    for (int64_t c = 0; c < C; ++c) {
      gram[c] = products[d * C + c] - total[d] * m[c];
      scaled[c] = factor[d] * k[c];
      sum += double(gram[c]) * k[c];
    }
    const T u = T(sum), ratio = u / (deviation[d] * deviation[d]);
    of_beta1[d / C] += u / deviation[d];
    of_beta3[d / C] += scale3;
    if (of_kernel)
      for (int64_t c = 0; c < C; ++c)
        of_kernel[d * C + c] = factor[d] * (gram[c] - ratio * spread[d * C + c]);
    for (int64_t j = 0; j < C; ++j) {
      const T share = -ratio * k[j] / n;
      T* __restrict to = back + j * C;
      for (int64_t i = 0; i < C; ++i) to[i] += share * scaled[i];
    }
    for (int64_t c = 0; c < C; ++c) constant[c] -= scaled[c] * total[d] / n;
  }
  for (int64_t j = 0; j < C; ++j)  // pull*m, and pull = -back^T
    for (int64_t i = 0; i < C; ++i) constant[i] -= back[j * C + i] * m[j];
}
