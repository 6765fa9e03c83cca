// What surrounds the convolutions in a search cell of the DARTS space: both pools of a node, the
// weighted sum of all that enters one, and the gradient of what leaves one. See separable.h.

#pragma once

#include <algorithm>

#include "separable.h"

// The 3x3 max pool and average pool (padding not counted), either null where it is not wanted; mean
// and biased variance [2, C] of each.
template <typename T>
void pools(const T* x, T* largest, T* average, double* of_largest, double* of_average,
           const Window& w, int threads) {
  const int64_t C = w.channels, S = w.stride, row = w.width * C, size = w.height * row;
  const int64_t height = w.out_height(), width = w.out_width(), out_size = height * width * C;
  const int64_t pieces = stretches(w.images, 4 * C);
  std::vector<double> parts(pieces * 4 * C);
#pragma omp parallel num_threads(threads)
  {
    const T lowest = -std::numeric_limits<T>::infinity();
    Lines<T> most(row + 2 * C, lowest), sum(row + 2 * C);  // a pixel of padding each side
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece) {
      double* part = parts.data() + piece * 4 * C;
      for (int64_t n = piece * w.images / pieces; n < (piece + 1) * w.images / pieces; ++n) {
        for (int64_t y = 0; y < height; ++y) {
          const int64_t first = y * S > 0 ? y * S - 1 : 0;
          const int64_t last = y * S + 1 < w.height ? y * S + 1 : w.height - 1;
          const T* from = x + n * size + first * row;
          for (int64_t i = 0; i < row; ++i) most[C + i] = sum[C + i] = from[i];
          for (int64_t k = 1; k <= last - first; ++k) {
            from += row;
            for (int64_t i = 0; i < row; ++i) {
              sum[C + i] += from[i];
              most[C + i] = from[i] > most[C + i] || from[i] != from[i] ? from[i] : most[C + i];
            }
          }
          const T share = T(1) / T(last - first + 1);
          for (int64_t p = 0; p < width; ++p) {
            const int64_t at = p * S * C, to = n * out_size + (y * width + p) * C;
            const int64_t inside = 3 - (p == 0) - (p * S + 1 >= w.width);
            const T part_of = share / T(inside);
            if (largest)
              for (int64_t c = 0; c < C; ++c) {
                T value = most[at + c];
                for (int64_t k = 1; k < 3; ++k) {
                  const T other = most[at + k * C + c];
                  value = other > value || other != other ? other : value;
                }
                largest[to + c] = value;
              }
            if (average)
              for (int64_t c = 0; c < C; ++c)
                average[to + c] = part_of * (sum[at + c] + sum[at + C + c] + sum[at + 2 * C + c]);
          }
        }
        if (largest) squares(largest + n * out_size, height * width, C, part);
        if (average) squares(average + n * out_size, height * width, C, part + 2 * C);
      }
    }
  }
  std::vector<double> sums(4 * C);
  add_up(parts, pieces, 4 * C, sums.data());
  const double count = double(w.images * height * width);
  if (largest) mean_and_variance(sums.data(), count, C, of_largest);
  if (average) mean_and_variance(sums.data() + 2 * C, count, C, of_average);
}

// out = constant + sum_t gains_t*xs_t, gains [many, C]; images*height*width pixels of C channels.
template <typename T>
void weighted(const T* const* xs, const T* gains, const T* constant, T* out, int64_t many,
              int64_t pixels, int64_t C, int threads) {
  constexpr int64_t stretch = 256;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t begin = 0; begin < pixels; begin += stretch) {
    const int64_t end = begin + stretch < pixels ? begin + stretch : pixels;
    by_halves<T>(C, [&](int64_t c, auto block) {
      using V = decltype(block);
      const V shift = load<V>(constant + c);
      for (int64_t n = begin; n < end; ++n) store(out + n * C + c, shift);
    });
    for (int64_t t = 0; t < many; ++t)
      by_halves<T>(C, [&](int64_t c, auto block) {
        using V = decltype(block);
        const V gain = load<V>(gains + t * C + c);
        const T* x = xs[t];
        for (int64_t n = begin; n < end; ++n)
          store(out + n * C + c, load<V>(out + n * C + c) + gain * load<V>(x + n * C + c));
      });
  }
}

// total [C] = sum g, along [many, C] = sum g*xs_t.
template <typename T>
void all_dots(const T* g, const T* const* xs, double* total, double* along, int64_t many,
              int64_t images, int64_t pixels, int64_t C, int threads) {
  const int64_t count = (1 + many) * C, pieces = stretches(images, count);
  std::vector<double> parts(pieces * count);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t piece = 0; piece < pieces; ++piece) {
    double* part = parts.data() + piece * count;
    std::vector<double> both(2 * C);
    const int64_t last = (piece + 1) * images / pieces * pixels;
    for (int64_t begin = piece * images / pieces * pixels; begin < last; begin += 256) {
      const int64_t end = begin + 256 < last ? begin + 256 : last;
      for (int64_t t = 0; t < many; ++t) {
        std::fill(both.begin(), both.end(), 0.0);
        dots(g + begin * C, xs[t] + begin * C, end - begin, C, both.data());
        for (int64_t c = 0; c < C; ++c) {
          if (t == 0) part[c] += both[c];
          part[(1 + t) * C + c] += both[C + c];
        }
      }
    }
  }
  std::vector<double> found(count);
  add_up(parts, pieces, count, found.data());
  for (int64_t c = 0; c < C; ++c) total[c] = found[c];
  for (int64_t i = 0; i < many * C; ++i) along[i] = found[C + i];
}

// The gradient of one of the pools: sum_e gains_e*g_e + along*value + constant, a channel each.
template <typename T>
struct PoolGradient {
  const T *value, *gains, *along, *constant;
};

// The gradient of a node's value x: `behind` where x > 0 (what lies behind ReLU), + sum_e skip_e*g_e
// (stride 1), + what comes back through the pools. `behind`, skip and the pools' values may be null.
template <typename T>
void leaving(const T* x, const T* behind, const T* const* grads, const T* skip, int64_t edges,
             PoolGradient<T> largest, PoolGradient<T> average, T* out, const Window& w,
             int threads) {
  const int64_t C = w.channels, S = w.stride, row = w.width * C, size = w.height * row;
  const int64_t height = w.out_height(), width = w.out_width(), out_size = height * width * C;
  const int64_t line = row + 2 * C;
  const bool pooled = largest.value || average.value;
#pragma omp parallel num_threads(threads)
  {
    const int64_t room = pooled ? (w.height + 2) * line : 0;
    Lines<T> padded(room);
#pragma omp for schedule(static)
    for (int64_t n = 0; n < w.images; ++n) {
      std::fill(padded.data(), padded.data() + room, T(0));
      const T* image = x + n * size;
      if (pooled)
        by_halves<T>(C, [&](int64_t c, auto block) {
          using V = decltype(block);
          for (int64_t y = 0; y < height; ++y)
            for (int64_t p = 0; p < width; ++p) {
              const int64_t at = n * out_size + (y * width + p) * C + c;
              V of_most{}, share{}, most{};
              if (largest.value) {
                most = load<V>(largest.value + at);
                of_most = load<V>(largest.along + c) * most + load<V>(largest.constant + c);
                for (int64_t e = 0; e < edges; ++e)
                  of_most += load<V>(largest.gains + e * C + c) * load<V>(grads[e] + at);
              }
              const int64_t down = 3 - (y == 0) - (y * S + 1 >= w.height);
              const int64_t across = 3 - (p == 0) - (p * S + 1 >= w.width);
              if (average.value) {
                share = load<V>(average.along + c) * load<V>(average.value + at) +
                        load<V>(average.constant + c);
                for (int64_t e = 0; e < edges; ++e)
                  share += load<V>(average.gains + e * C + c) * load<V>(grads[e] + at);
                share *= T(1) / T(down * across);
              }
              auto taken = most != most;  // no window's largest is taken twice
              for (int64_t i = 0; i < 3; ++i) {
                const int64_t h = y * S + i - 1;
                if (h < 0 || h >= w.height) continue;
                for (int64_t j = 0; j < 3; ++j) {
                  const int64_t v = p * S + j - 1;
                  if (v < 0 || v >= w.width) continue;
                  T* to = padded.data() + (h + 1) * line + (v + 1) * C + c;
                  V sum = load<V>(to) + share;
                  if (largest.value) {
                    auto here = load<V>(image + h * row + v * C + c) == most;
                    sum += (here & ~taken) ? of_most : V{};
                    taken |= here;
                  }
                  store(to, sum);
                }
              }
            }
        });
      for (int64_t y = 0; y < w.height; ++y) {
        const T* inner = padded.data() + (y + 1) * line + C;
        const int64_t start = n * size + y * row;
        T* to = out + start;
        for (int64_t i = 0; i < row; ++i) {
          T sum = pooled ? inner[i] : T(0);
          if (behind) sum += x[start + i] > T(0) ? behind[start + i] : T(0);
          to[i] = sum;
        }
        if (skip)
          for (int64_t e = 0; e < edges; ++e) {
            const T weight = skip[e];
            if (weight == T(0)) continue;
            const T* g = grads[e] + start;
            for (int64_t i = 0; i < row; ++i) to[i] += weight * g[i];
          }
      }
    }
  }
}
