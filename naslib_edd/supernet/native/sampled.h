// Passes of a sampled path: of each edge one operation, whose weight is 1.
//
// Called by naslib_edd/supernet/sampled_native.py. What arrives at a node is up to three tensors
// [B, H, W, C], each a slice of a batched one: `strides` are the numbers from pixel to pixel.

#pragma once

#include "blocks.h"

// body(Count<N>) for the number at hand: at most three edges enter or leave a node.
template <typename Body>
inline void counted(int64_t count, Body body) {
  if (count == 0) body(Count<0>());
  if (count == 1) body(Count<1>());
  if (count == 2) body(Count<2>());
  if (count == 3) body(Count<3>());
}

// out = sum_k gains_k*(xs_k - centres_k), a gain and a centre a channel, or 1 and 0 where null;
// positive = ReLU(out); either may be null.
template <typename T>
void combine(const T* const* xs, const int64_t* strides, const T* const* gains,
             const T* const* centres, T* out, T* positive, Shape s, int threads) {
  const int64_t C = s.channels;
  counted(s.edges, [&](auto edges) {
    constexpr int64_t E = decltype(edges)::value;
    if constexpr (E > 0) {
#pragma omp parallel for schedule(static) num_threads(threads)
      for (int64_t line = 0; line < s.images * s.height; ++line) {
        auto columns = [&](int64_t c, auto block) {
          using V = decltype(block);
          V gain[E], shift{};
          for (int64_t k = 0; k < E; ++k) {
            gain[k] = V{} + T(1);
            if (gains[k]) gain[k] = load<V>(gains[k] + c), shift -= gain[k] * load<V>(centres[k] + c);
          }
          for (int64_t n = line * s.width; n < (line + 1) * s.width; ++n) {
            V sum = shift;
            for (int64_t k = 0; k < E; ++k) sum += gain[k] * load<V>(xs[k] + n * strides[k] + c);
            if (out) store(out + n * C + c, sum);
            if (positive) store(positive + n * C + c, (sum > V{}) | (sum != sum) ? sum : V{});
          }
        };
        narrowing<T, WIDTH<T>>(0, C, columns);
      }
    }
  });
}

// Of the gradient g of a node's value: total = sum g, along_k = sum g*(xs_k - centres_k), [C] each.
template <typename T>
void arriving(const T* g, const T* const* xs, const int64_t* strides, const T* const* centres,
              T* total, T* along, Shape s, int threads) {
  const int64_t C = s.channels, count = (1 + s.edges) * C, pieces = stretches(s.images, count);
  std::vector<double> parts(pieces * count);
  counted(s.edges, [&](auto edges) {
    constexpr int64_t E = decltype(edges)::value;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t piece = 0; piece < pieces; ++piece) {
      double* part = parts.data() + piece * count;
      const int64_t last = (piece + 1) * s.images / pieces * s.height;
      for (int64_t line = piece * s.images / pieces * s.height; line < last; ++line) {
        auto columns = [&](int64_t c, auto block) {
          using V = decltype(block);
          V centre[E + 1], sum{}, product[E + 1] = {};
          for (int64_t k = 0; k < E; ++k) centre[k] = centres[k] ? load<V>(centres[k] + c) : V{};
          for (int64_t n = line * s.width; n < (line + 1) * s.width; ++n) {
            const V value = load<V>(g + n * C + c);
            sum += value;
            for (int64_t k = 0; k < E; ++k)
              product[k] += value * (load<V>(xs[k] + n * strides[k] + c) - centre[k]);
          }
          for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v) {
            part[c + v] += sum[v];
            for (int64_t k = 0; k < E; ++k) part[(1 + k) * C + c + v] += product[k][v];
          }
        };
        narrowing<T, WIDTH<T>>(0, C, columns);
      }
    }
  });
  std::vector<double> found(count);
  add_up(parts, pieces, count, found.data());
  for (int64_t c = 0; c < C; ++c) total[c] = T(found[c]);
  for (int64_t i = 0; i < s.edges * C; ++i) along[i] = T(found[C + i]);
}

// out = (behind_0 + behind_1) where r > 0, + the sum of s.edges tensors `past`. What is behind the
// ReLU may be null, both or the second.
template <typename T>
void gather(const T* first, const T* second, const T* r, const T* const* past, T* out, Shape s,
            int threads) {
  const int64_t row = s.row();
  counted(s.edges, [&](auto edges) {
    constexpr int64_t E = decltype(edges)::value;
    auto all = [&](auto tensors) {
      constexpr int64_t D = decltype(tensors)::value;
#pragma omp parallel for schedule(static) num_threads(threads)
      for (int64_t line = 0; line < s.images * s.height; ++line) {
        auto columns = [&](int64_t c, auto block) {
          using V = decltype(block);
          const int64_t i = line * row + c;
          V sum{};
          if constexpr (D > 0) {
            sum = load<V>(first + i);
            if constexpr (D > 1) sum += load<V>(second + i);
            sum = load<V>(r + i) > V{} ? sum : V{};
          }
          for (int64_t k = 0; k < E; ++k) sum += load<V>(past[k] + i);
          store(out + i, sum);
        };
        narrowing<T, WIDTH<T>>(0, row, columns);
      }
    };
    if (second)
      all(Count<2>());
    else if (first)
      all(Count<1>());
    else
      all(Count<0>());
  });
}
