// Depthwise convolution and 1x1 convolution in one go, and all that comes with them in a search cell
// of the DARTS space: norms' sums, pools, weighted sums of what enters a node.
//
// Tensors are channels-last, [B, H, W, C], as many channels in as out. Called by
// naslib_edd/spaces/darts/cell_kernels.py, which has the slow twin of each. An image and what comes
// of it stay in the second-level cache. A sum runs over at most a thousand pixels in T, and beyond
// that in double.

#pragma once

#include <limits>

#include "blocks.h"

// A depthwise convolution: of `kernel` x `kernel` taps, padded so that stride 1 keeps the size.
struct Window {
  int64_t images, height, width, channels, kernel, stride, dilation;
  int64_t padding() const { return dilation * (kernel / 2); }
  int64_t out_height() const { return (height - 1) / stride + 1; }
  int64_t out_width() const { return (width - 1) / stride + 1; }
  int64_t out_pixels() const { return out_height() * out_width(); }
  int64_t line() const { return (width + 2 * padding()) * channels; }  // of a padded image
  int64_t padded() const { return (height + 2 * padding()) * line(); }
  int64_t inside(int64_t y) const { return (y + padding()) * line() + padding() * channels; }
};

// body(c, block) for all channels, in the widest blocks that there are left.
template <typename T, int64_t W = WIDTH<T>, typename Body>
inline void by_halves(int64_t C, Body body, int64_t c = 0) {
  for (; c + W <= C; c += W) body(c, typename Block<T, W>::type());
  if constexpr (W > 1) by_halves<T, W / 2>(C, body, c);
}

// The inside of a padded image = ReLU(a*x + b), a and b a channel each, or ReLU(x).
template <typename T>
void fill(const T* x, const T* a, const T* b, T* padded, const Window& w) {
  const int64_t C = w.channels;
  for (int64_t y = 0; y < w.height; ++y) {
    const T* from = x + y * w.width * C;
    T* to = padded + w.inside(y);
    if (a) {
      by_halves<T>(C, [&](int64_t c, auto block) {
        using V = decltype(block);
        const V gain = load<V>(a + c), shift = load<V>(b + c);
        for (int64_t i = c; i < w.width * C; i += C) {
          const V value = gain * load<V>(from + i) + shift;
          store(to + i, (value > V{}) | (value != value) ? value : V{});
        }
      });
    } else {
      for (int64_t i = 0; i < w.width * C; ++i) to[i] = rectified_of(from[i]);
    }
  }
}

// A row of a depthwise convolution, from row y of the padded image on, every S-th pixel.
template <int64_t K, int64_t S, typename T>
void filter_row(const T* padded, int64_t y, const T* kernel, T* out, int64_t width,
                const Window& w) {
  const int64_t C = w.channels, across = w.dilation * C, down = w.dilation * w.line();
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    const T* corner = padded + y * w.line() + c;
    by_pixels<pixels_of(1)>(width, [&](int64_t x, auto count) {
      constexpr int64_t P = decltype(count)::value;
      V sums[P] = {};
      const T* from = corner + x * S * C;
#pragma GCC unroll 5
      for (int64_t i = 0; i < K; ++i)
#pragma GCC unroll 5
        for (int64_t j = 0; j < K; ++j) {
          const V weight = load<V>(kernel + (i * K + j) * C + c);
#pragma GCC unroll 8
          for (int64_t p = 0; p < P; ++p)
            sums[p] += weight * load<V>(from + i * down + j * across + p * S * C);
        }
      for (int64_t p = 0; p < P; ++p) store(out + (x + p) * C + c, sums[p]);
    });
  });
}

// A 1x1 convolution of some pixels: weights are [channels in, channels out].
template <typename T>
void mix(const T* in, const T* weights, T* out, int64_t pixels, int64_t C) {
  by_columns<T>(C, [&](int64_t c, auto blocks, auto block) {
    using V = decltype(block);
    constexpr int64_t E = decltype(blocks)::value, W = sizeof(V) / sizeof(T);
    by_pixels<pixels_of(E)>(pixels, [&](int64_t x, auto count) {
      constexpr int64_t P = decltype(count)::value;
      V sums[E][P] = {};
      multiply<E, P, V>(in + x * C, C, weights + c, C, W, sums);
      for (int64_t k = 0; k < E; ++k)
        for (int64_t p = 0; p < P; ++p) store(out + (x + p) * C + c + k * W, sums[k][p]);
    });
  });
}

// parts[c] += sum of g, parts[C + c] += sum of g*x over pixels of C channels; x may be g.
template <typename T>
void dots(const T* g, const T* x, int64_t pixels, int64_t C, double* parts, bool first = true) {
  constexpr int64_t stretch = 256;
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    for (int64_t begin = 0; begin < pixels; begin += stretch) {
      const int64_t end = begin + stretch < pixels ? begin + stretch : pixels;
      V sum[4] = {}, product[4] = {};
      int64_t n = begin;
      for (; n + 4 <= end; n += 4)
#pragma GCC unroll 4
        for (int64_t p = 0; p < 4; ++p) {
          const V value = load<V>(g + (n + p) * C + c);
          sum[p] += value;
          product[p] += value * load<V>(x + (n + p) * C + c);
        }
      for (; n < end; ++n) {
        const V value = load<V>(g + n * C + c);
        sum[0] += value;
        product[0] += value * load<V>(x + n * C + c);
      }
      const V total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
      const V along = (product[0] + product[1]) + (product[2] + product[3]);
      for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v) {
        if (first) parts[c + v] += double(total[v]);
        parts[C + c + v] += double(along[v]);
      }
    }
  });
}

// The same of z and z*z, about a pixel of its own: few digits are lost to the mean.
template <typename T>
void squares(const T* z, int64_t pixels, int64_t C, double* parts) {
  constexpr int64_t stretch = 256;
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    for (int64_t begin = 0; begin < pixels; begin += stretch) {
      const int64_t end = begin + stretch < pixels ? begin + stretch : pixels;
      const V pivot = load<V>(z + begin * C + c);
      V sum[4] = {}, square[4] = {};
      int64_t n = begin;
      for (; n + 4 <= end; n += 4)
#pragma GCC unroll 4
        for (int64_t p = 0; p < 4; ++p) {
          const V value = load<V>(z + (n + p) * C + c) - pivot;
          sum[p] += value;
          square[p] += value * value;
        }
      for (; n < end; ++n) {
        const V value = load<V>(z + n * C + c) - pivot;
        sum[0] += value;
        square[0] += value * value;
      }
      const V total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
      const V spread = (square[0] + square[1]) + (square[2] + square[3]);
      const double many = double(end - begin);
      for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v) {
        const double at = double(pivot[v]), offset = double(total[v]);
        parts[c + v] += offset + many * at;
        parts[C + c + v] += double(spread[v]) + at * (2 * offset + many * at);
      }
    }
  });
}

inline void mean_and_variance(const double* sums, double count, int64_t C, double* out) {
  for (int64_t c = 0; c < C; ++c) {
    const double mean = sums[c] / count, spread = sums[C + c] / count - mean * mean;
    out[c] = mean;
    out[C + c] = spread < 0 ? 0 : spread;
  }
}

// z = 1x1 of depthwise of ReLU(a*x + b); its channels' mean and biased variance [2, C].
template <int64_t K, int64_t S, typename T>
void separable(const T* x, const T* a, const T* b, const T* depthwise, const T* pointwise, T* z,
               double* statistics, const Window& w, int threads) {
  const int64_t C = w.channels, row = w.out_width() * C, size = w.height * w.width * C;
  const int64_t pieces = stretches(w.images, 2 * C), out_size = w.out_pixels() * C;
  std::vector<double> parts(pieces * 2 * C);
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> padded(w.padded()), line(row);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece)
      for (int64_t n = piece * w.images / pieces; n < (piece + 1) * w.images / pieces; ++n) {
        fill(x + n * size, a, b, padded.data(), w);
        T* out = z + n * out_size;
        for (int64_t y = 0; y < w.out_height(); ++y) {
          filter_row<K, S>(padded.data(), y * S, depthwise, line.data(), w.out_width(), w);
          mix(line.data(), pointwise, out + y * row, w.out_width(), C);
        }
        squares(out, w.out_pixels(), C, parts.data() + piece * 2 * C);
      }
  }
  std::vector<double> sums(2 * C);
  add_up(parts, pieces, 2 * C, sums.data());
  mean_and_variance(sums.data(), double(w.images * w.out_pixels()), C, statistics);
}

// parts[tap*C + c] += sum over output pixels of g * the tap's input; g lies in a padded image, too.
template <int64_t K, int64_t S, typename T>
void taps(const T* g, const T* padded, double* parts, const Window& w) {
  constexpr int64_t ROWS = K * K + 3 <= REGISTERS ? K : 1;  // of taps at once
  const int64_t C = w.channels, across = w.dilation * C, down = w.dilation * w.line();
  const int64_t height = w.out_height(), width = w.out_width();
  const int64_t lines = 1024 / width > 1 ? 1024 / width : 1;
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    for (int64_t top = 0; top < K; top += ROWS)
      for (int64_t begin = 0; begin < height; begin += lines) {
        V sums[ROWS * K] = {};
        for (int64_t y = begin; y < begin + lines && y < height; ++y) {
          const T* gradient = g + w.inside(y * S) + c;
          const T* from = padded + y * S * w.line() + top * down + c;
          for (int64_t x = 0; x < width; ++x) {
            const V value = load<V>(gradient + x * S * C);
#pragma GCC unroll 5
            for (int64_t i = 0; i < ROWS; ++i)
#pragma GCC unroll 5
              for (int64_t j = 0; j < K; ++j)
                sums[i * K + j] += value * load<V>(from + x * S * C + i * down + j * across);
          }
        }
        for (int64_t t = 0; t < ROWS * K; ++t)
          for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v)
            parts[(top * K + t) * C + c + v] += double(sums[t][v]);
      }
  });
}

// Backward of `separable` and of the norm behind it: that norm's input z has the gradient
// slope*g + along*z + constant, a channel each. Where a is null, x's gradient before ReLU is added
// to `out`; else `out` = the gradient of a*x + b, and sums = [2, C] of it and of it times x.
// of_depthwise [K*K, C] and of_pointwise [C out, C in] may be null, both. `turned` is the depthwise
// kernel, last tap first; `pointwise` is [C out, C in].
template <int64_t K, int64_t S, typename T>
void separable_backward(const T* g, const T* z, const T* slope, const T* along, const T* constant,
                        const T* x, const T* a, const T* b, const T* depthwise, const T* turned,
                        const T* pointwise, T* out, double* sums, double* of_depthwise,
                        double* of_pointwise, const Window& w, int threads) {
  const int64_t C = w.channels, row = w.out_width() * C, size = w.height * w.width * C;
  const int64_t out_size = w.out_pixels() * C;
  const int64_t count = 2 * C + (of_pointwise ? C * C + K * K * C : 0);
  const int64_t pieces = stretches(w.images, count);
  std::vector<double> parts(pieces * count);
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> padded(w.padded()), back(w.padded()), dz(out_size), filtered(out_size);
    std::vector<T> line(w.width * C);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece) {
      double* part = parts.data() + piece * count;
      for (int64_t n = piece * w.images / pieces; n < (piece + 1) * w.images / pieces; ++n) {
        if (a || of_pointwise) fill(x + n * size, a, b, padded.data(), w);
        by_halves<T>(C, [&](int64_t c, auto block) {
          using V = decltype(block);
          const V s = load<V>(slope + c), q = load<V>(along + c), k = load<V>(constant + c);
          const T *from = g + n * out_size, *value = z + n * out_size;
          for (int64_t i = c; i < out_size; i += C)
            store(dz.data() + i, s * load<V>(from + i) + (q * load<V>(value + i) + k));
        });
        for (int64_t y = 0; y < w.out_height(); ++y) {
          T* to = back.data() + w.inside(y * S);
          if constexpr (S == 1) {
            mix(dz.data() + y * row, pointwise, to, w.out_width(), C);
          } else {
            mix(dz.data() + y * row, pointwise, line.data(), w.out_width(), C);
            for (int64_t i = 0; i < w.out_width(); ++i)
              for (int64_t c = 0; c < C; ++c) to[i * S * C + c] = line[i * C + c];
          }
        }
        if (of_pointwise) {
          for (int64_t y = 0; y < w.out_height(); ++y)
            filter_row<K, S>(padded.data(), y * S, depthwise, filtered.data() + y * row,
                             w.out_width(), w);
          outer<false>(dz.data(), filtered.data(), w.out_pixels(), C, part + 2 * C);
          taps<K, S>(back.data(), padded.data(), part + 2 * C + C * C, w);
        }
        T* to = out + n * size;
        for (int64_t y = 0; y < w.height; ++y, to += w.width * C) {
          filter_row<K, 1>(back.data(), y, turned, line.data(), w.width, w);
          if (a) {
            const T* value = padded.data() + w.inside(y);
            for (int64_t i = 0; i < w.width * C; ++i) to[i] = value[i] > T(0) ? line[i] : T(0);
          } else {
            for (int64_t i = 0; i < w.width * C; ++i) to[i] += line[i];
          }
        }
        if (a) dots(out + n * size, x + n * size, w.height * w.width, C, part);
      }
    }
  }
  std::vector<double> found(count);
  add_up(parts, pieces, count, found.data());
  if (sums)
    for (int64_t i = 0; i < 2 * C; ++i) sums[i] = found[i];
  if (of_pointwise) {
    for (int64_t i = 0; i < C * C; ++i) of_pointwise[i] = found[2 * C + i];
    for (int64_t i = 0; i < K * K * C; ++i) of_depthwise[i] = found[2 * C + C * C + i];
  }
}

// body(Count<K>, Count<S>) for the kernel and stride at hand.
template <typename Body>
inline void sized(const Window& w, Body body) {
  auto kernel = [&](auto taps) {
    if (w.stride == 1)
      body(taps, Count<1>());
    else
      body(taps, Count<2>());
  };
  if (w.kernel == 3)
    kernel(Count<3>());
  else
    kernel(Count<5>());
}
