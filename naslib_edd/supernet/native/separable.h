// Depthwise convolution and 1x1 convolution in one go, with the sums that a norm behind them needs.
//
// Tensors are channels-last, [B, H, W, C], as many channels in as out. Used by node.h; the slow twin is
// naslib_edd/spaces/darts/separable.py. An image and what comes of it stay in the second-level cache. A
// sum runs over at most a thousand pixels in T, and beyond that in double.

#pragma once

#include <limits>

#include "lines.h"

// A depthwise convolution: of `kernel` x `kernel` taps, padded so that stride 1 keeps the size.
//
// A padded image is kept by blocks of channels, [block][y][x][channels of the block]: how far apart
// neighbours are is then known to the compiler.
struct Window {
  int64_t images, height, width, channels, kernel, stride, dilation;
  int64_t padding() const { return dilation * (kernel / 2); }
  int64_t out_height() const { return (height - 1) / stride + 1; }
  int64_t out_width() const { return (width - 1) / stride + 1; }
  int64_t out_pixels() const { return out_height() * out_width(); }
  int64_t line() const { return width + 2 * padding(); }  // pixels of a padded image's row
  int64_t area() const { return (height + 2 * padding()) * line(); }
  int64_t padded() const { return area() * channels; }
  int64_t inside(int64_t y) const { return (y + padding()) * line() + padding(); }
};

// The inside of a padded image = ReLU(a*x + b), a and b a channel each, or ReLU(x).
template <typename T>
void fill(const T* x, const T* a, const T* b, T* padded, const Window& w) {
  const int64_t C = w.channels;
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    constexpr int64_t W = sizeof(V) / sizeof(T);
    const V gain = a ? load<V>(a + c) : V{} + T(1), shift = a ? load<V>(b + c) : V{};
    const T* from = x + c;
    for (int64_t y = 0; y < w.height; ++y) {
      T* to = padded + c * w.area() + w.inside(y) * W;
      for (int64_t i = 0; i < w.width; ++i, from += C, to += W) {
        const V value = gain * load<V>(from) + shift;
        store(to, (value > V{}) | (value != value) ? value : V{});
      }
    }
  });
}

// Where a result goes: put(c, i, value) takes a block of channels of pixel i of a row.
template <typename T>
struct Store {  // in memory, [pixels, C]
  T* to;
  int64_t C;
  template <typename V>
  INLINE void operator()(int64_t c, int64_t i, V value) const {
    store(to + i * C + c, value);
  }
};
template <typename T>
struct Add {  // to what is there, pixels `step` numbers apart
  T* to;
  int64_t step;
  template <typename V>
  INLINE void operator()(int64_t c, int64_t i, V value) const {
    store(to + i * step + c, load<V>(to + i * step + c) + value);
  }
};
template <typename T>
struct Padded {  // in a padded image, from pixel `first` on, every `step`-th
  T* to;
  int64_t area, first, step;
  template <typename V>
  INLINE T* at(int64_t c, int64_t i, V) const {
    return to + c * area + (first + i * step) * int64_t(sizeof(V) / sizeof(T));
  }
  template <typename V>
  INLINE void operator()(int64_t c, int64_t i, V value) const {
    store(at(c, i, value), value);
  }
};
template <typename T>
struct Masked {  // in memory, where what a padded image has is positive; else 0
  Store<T> to;
  Padded<T> image;
  template <typename V>
  INLINE void operator()(int64_t c, int64_t i, V value) const {
    to(c, i, load<V>(image.at(c, i, value)) > V{} ? value : V{});
  }
};

// A row of a depthwise convolution, from row y of the padded image on, every S-th pixel. A value
// that is read serves all pixels that it is a tap of.
template <int64_t K, int64_t S, int64_t D, typename T, typename Put>
void filter_row(const T* padded, int64_t y, const T* kernel, int64_t width, const Window& w,
                Put put) {
  const int64_t C = w.channels;
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    constexpr int64_t W = sizeof(V) / sizeof(T);
    const int64_t down = D * w.line() * W;
    const T* corner = padded + c * w.area() + y * w.line() * W;
    by_pixels<sizeof(T) == 4 && W >= 2 ? 8 : 1>(width, [&](int64_t x, auto count) {
      constexpr int64_t P = decltype(count)::value;
      V sums[P] = {};
      const T* from = corner + x * S * W;
      const T* weights = kernel + c;
      for (int64_t i = 0; i < K; ++i, from += down, weights += K * C) {
        V weight[K];
        for (int64_t j = 0; j < K; ++j) weight[j] = load<V>(weights + j * C);
        unrolled<(P - 1) * S + (K - 1) * D + 1>([&](auto at) INLINE {
          constexpr int64_t q = decltype(at)::value;
          const V value = load<V>(from + q * W);
          unrolled<K>([&](auto tap) INLINE {
            constexpr int64_t j = decltype(tap)::value, p = q - j * D;
            if constexpr (p >= 0 && p % S == 0 && p / S < P) sums[p / S] += value * weight[j];
          });
        });
      }
      unrolled<P>([&](auto p) INLINE { put(c, x + p.value, sums[p.value]); });
    });
  });
}

// body(Count<K>, Count<D>) for the kernel and dilation at hand; without Dilated that is 1.
template <bool Dilated, typename Body>
inline void sized(const Window& w, Body body) {
  if (w.kernel == 3 && w.dilation == 1) body(Count<3>(), Count<1>());
  if (w.kernel == 5 && w.dilation == 1) body(Count<5>(), Count<1>());
  if constexpr (Dilated) {
    if (w.kernel == 3 && w.dilation == 2) body(Count<3>(), Count<2>());
    if (w.kernel == 5 && w.dilation == 2) body(Count<5>(), Count<2>());
  }
}

// The row that the convolution gives: row y of the output, at its stride.
template <typename T>
void filter(const T* padded, int64_t y, const T* kernel, const Window& w, Store<T> put) {
  sized<true>(w, [&](auto k, auto d) {
    if (w.stride == 1)
      filter_row<k.value, 1, d.value>(padded, y, kernel, w.out_width(), w, put);
    else
      filter_row<k.value, 2, d.value>(padded, y * 2, kernel, w.out_width(), w, put);
  });
}

// The row that its transpose gives: row y of the input, from an image that was spread by the stride.
template <bool Dilated, typename T, typename Put>
void transposed(const T* padded, int64_t y, const T* turned, const Window& w, Put put) {
  sized<Dilated>(w, [&](auto k, auto d) {
    filter_row<k.value, 1, d.value>(padded, y, turned, w.width, w, put);
  });
}

// A 1x1 convolution of some pixels: weights are [channels in, channels out]; put as above.
template <typename T, typename Channels, typename Put>
void mix_of(Channels channels, const T* in, const T* weights, int64_t pixels, Put put) {
  const auto C = channels;  // known to the compiler, or not
  auto columns = [&](int64_t c, auto blocks, auto block) {
    using V = decltype(block);
    constexpr int64_t E = decltype(blocks)::value, W = sizeof(V) / sizeof(T);
    by_pixels<sizeof(T) == 4 && W >= 2 ? pixels_of(E) : 1>(pixels, [&](int64_t x, auto count) {
      constexpr int64_t P = decltype(count)::value;
      V sums[E][P] = {};
      const T *from = in + x * C, *weight = weights + c;
      for (int64_t i = 0; i < C; ++i, weight += C) {
        V row[E];
        for (int64_t k = 0; k < E; ++k) row[k] = load<V>(weight + k * W);
        unrolled<P>([&](auto p) INLINE {
          const T value = from[p.value * C + i];
          for (int64_t k = 0; k < E; ++k) sums[k][p.value] += value * row[k];
        });
      }
      for (int64_t k = 0; k < E; ++k)
        unrolled<P>([&](auto p) INLINE { put(c + k * W, x + p.value, sums[k][p.value]); });
    });
  };
  constexpr int64_t W = WIDTH<T>;
  int64_t c = 0;
  for (; c + 2 * W <= C; c += 2 * W) columns(c, Count<2>(), typename Block<T, W>::type());
  auto rest = [&](int64_t at, auto block) { columns(at, Count<1>(), block); };
  if constexpr (std::is_same_v<Channels, int64_t>)
    by_halves<T>(C, rest, c);
  else if constexpr (Channels::value % (2 * W) > 0)  // what is left is one block: less to compile
    rest(c, typename Block<T, Channels::value % (2 * W)>::type());
}

template <typename T, typename Put>
void mix(const T* in, const T* weights, int64_t pixels, int64_t C, Put put) {
  if constexpr (sizeof(T) == 8)
    mix_of(C, in, weights, pixels, put);
  else if (C == 8)
    mix_of(Count<8>(), in, weights, pixels, put);
  else if (C == 16)
    mix_of(Count<16>(), in, weights, pixels, put);
  else if (C == 32)
    mix_of(Count<32>(), in, weights, pixels, put);
  else if (C == 64)
    mix_of(Count<64>(), in, weights, pixels, put);
  else
    mix_of(C, in, weights, pixels, put);
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

// `outer` (blocks.h) for so few channels that one block has them all: a sum for each of some pixels.
template <int64_t C, typename T>
void outer_of_few(const T* g, const T* x, int64_t pixels, double* parts) {
  using V = typename Block<T, C>::type;
  constexpr int64_t stretch = 1024, P = 8 / C;
  for (int64_t begin = 0; begin < pixels; begin += stretch) {
    const int64_t end = begin + stretch < pixels ? begin + stretch : pixels;
    V sum[P][C] = {};
    int64_t n = begin;
    for (; n + P <= end; n += P)
      unrolled<P>([&](auto p) INLINE {
        const V value = load<V>(x + (n + p.value) * C);
        for (int64_t d = 0; d < C; ++d) sum[p.value][d] += g[(n + p.value) * C + d] * value;
      });
    for (; n < end; ++n)
      for (int64_t d = 0; d < C; ++d) sum[0][d] += g[n * C + d] * load<V>(x + n * C);
    for (int64_t d = 0; d < C; ++d)
      for (int64_t p = 0; p < P; ++p)
        for (int64_t v = 0; v < C; ++v) parts[d * C + v] += double(sum[p][d][v]);
  }
}

// parts[d*C + c] += sum over pixels of g[.., d] * x[.., c].
template <typename T>
void outer_of_all(const T* g, const T* x, int64_t pixels, int64_t C, double* parts) {
  if (C == 2)
    outer_of_few<2>(g, x, pixels, parts);
  else if (C == 4 && WIDTH<T> >= 4)
    outer_of_few<WIDTH<T> >= 4 ? 4 : 2>(g, x, pixels, parts);
  else
    outer<false>(g, x, pixels, C, parts);
}

// Sums of z and of z*z as `dots` has them, about a pixel of its own: few digits are lost to the mean.
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

// z = 1x1 of depthwise of ReLU(a*x + b); its channels' mean and biased variance [2, C].
template <typename T>
void separable(const T* x, const T* a, const T* b, const T* depthwise, const T* pointwise, T* z,
               double* statistics, const Window& w, int threads) {
  const int64_t C = w.channels, width = w.out_width(), row = width * C;
  const int64_t pieces = stretches(w.images, 2 * C), out_size = w.out_pixels() * C;
  std::vector<double> parts(pieces * 2 * C);
#pragma omp parallel num_threads(threads)
  {
    Lines<T> padded(w.padded()), line(row);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece)
      for (int64_t n = piece * w.images / pieces; n < (piece + 1) * w.images / pieces; ++n) {
        fill(x + n * w.height * w.width * C, a, b, padded.data(), w);
        T* out = z + n * out_size;
        for (int64_t y = 0; y < w.out_height(); ++y) {
          filter(padded.data(), y, depthwise, w, Store<T>{line.data(), C});
          mix(line.data(), pointwise, width, C, Store<T>{out + y * row, C});
        }
        squares(out, w.out_pixels(), C, parts.data() + piece * 2 * C);
      }
  }
  std::vector<double> sums(2 * C);
  add_up(parts, pieces, 2 * C, sums.data());
  mean_and_variance(sums.data(), double(w.images * w.out_pixels()), C, statistics);
}

// parts[tap*C + c] += sum over output pixels of g * the tap's input; g lies in a padded image, too.
template <int64_t K, int64_t D, typename T>
void taps(const T* g, const T* padded, double* parts, const Window& w) {
  const int64_t C = w.channels, height = w.out_height(), width = w.out_width(), S = w.stride;
  const int64_t lines = 1024 / width > 1 ? 1024 / width : 1;
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    constexpr int64_t W = sizeof(V) / sizeof(T);
    // Rows of taps at once: as many as there are registers for their sums.
    constexpr int64_t ROOM = sizeof(T) == 4 && W >= 4 ? (REGISTERS - 3) / K : 1;
    constexpr int64_t MOST = ROOM < K ? ROOM : K;
    const int64_t down = D * w.line() * W;
    auto rows = [&](int64_t top, auto many) {
      constexpr int64_t R = decltype(many)::value;
      for (int64_t begin = 0; begin < height; begin += lines) {
        V sums[R * K] = {};
        for (int64_t y = begin; y < begin + lines && y < height; ++y) {
          const T* gradient = g + c * w.area() + w.inside(y * S) * W;
          const T* from = padded + c * w.area() + y * S * w.line() * W + top * down;
          for (int64_t x = 0; x < width; ++x, gradient += S * W, from += S * W) {
            const V value = load<V>(gradient);
            unrolled<R>([&](auto i) INLINE {
              const T* row = from + i.value * down;
              unrolled<K>([&](auto j) INLINE {
                sums[i.value * K + j.value] += value * load<V>(row + j.value * D * W);
              });
            });
          }
        }
        for (int64_t t = 0; t < R * K; ++t)
          for (int64_t v = 0; v < W; ++v)
            parts[(top * K + t) * C + c + v] += double(sums[t][v]);
      }
    };
    int64_t top = 0;
    for (; top + MOST <= K; top += MOST) rows(top, Count<MOST>());
    if constexpr (K % MOST > 0) rows(top, Count<K % MOST>());
  });
}

// dz = slope*g + along*z + constant, a channel each: the gradient of a norm's input.
template <typename T>
void backward_of_norm(const T* g, const T* z, const T* slope, const T* along, const T* constant,
                      T* dz, int64_t size, int64_t C) {
  by_halves<T>(C, [&](int64_t c, auto block) {
    using V = decltype(block);
    const V s = load<V>(slope + c), q = load<V>(along + c), k = load<V>(constant + c);
    for (int64_t i = c; i < size; i += C)
      store(dz + i, s * load<V>(g + i) + (q * load<V>(z + i) + k));
  });
}

// Backward of `separable` and of the norm behind it: that norm's input z has the gradient
// slope*g + along*z + constant, a channel each. Where a is null, x's gradient before ReLU is added
// to `out`; else `out` = the gradient of a*x + b, and sums = [2, C] of it and of it times x.
// of_depthwise [k*k, C] and of_pointwise [C out, C in] may be null, both. `turned` is the depthwise
// kernel, last tap first; `pointwise` is [C out, C in]. Where a is given the dilation is 1.
template <typename T>
void separable_backward(const T* g, const T* z, const T* slope, const T* along, const T* constant,
                        const T* x, const T* a, const T* b, const T* depthwise, const T* turned,
                        const T* pointwise, T* out, double* sums, double* of_depthwise,
                        double* of_pointwise, const Window& w, int threads) {
  const int64_t C = w.channels, width = w.out_width(), row = width * C;
  const int64_t size = w.height * w.width * C, out_size = w.out_pixels() * C;
  const int64_t count = 2 * C + (of_pointwise ? C * C + w.kernel * w.kernel * C : 0);
  const int64_t pieces = stretches(w.images, count);
  std::vector<double> parts(pieces * count);
#pragma omp parallel num_threads(threads)
  {
    Lines<T> padded(w.padded()), back(w.padded()), dz(out_size), filtered(out_size);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece) {
      double* part = parts.data() + piece * count;
      for (int64_t n = piece * w.images / pieces; n < (piece + 1) * w.images / pieces; ++n) {
        if (a || of_pointwise) fill(x + n * size, a, b, padded.data(), w);
        backward_of_norm(g + n * out_size, z + n * out_size, slope, along, constant, dz.data(),
                         out_size, C);
        for (int64_t y = 0; y < w.out_height(); ++y) {
          const Padded<T> to{back.data(), w.area(), w.inside(y * w.stride), w.stride};
          mix(dz.data() + y * row, pointwise, width, C, to);
        }
        if (of_pointwise) {
          for (int64_t y = 0; y < w.out_height(); ++y)
            filter(padded.data(), y, depthwise, w, Store<T>{filtered.data() + y * row, C});
          outer_of_all(dz.data(), filtered.data(), w.out_pixels(), C, part + 2 * C);
          sized<true>(w, [&](auto kernel, auto dilation) {
            taps<kernel.value, dilation.value>(back.data(), padded.data(), part + 2 * C + C * C, w);
          });
        }
        T* to = out + n * size;
        for (int64_t y = 0; y < w.height; ++y, to += w.width * C) {
          const Store<T> put{to, C};
          if (a)
            transposed<false>(back.data(), y, turned, w,
                              Masked<T>{put, {padded.data(), w.area(), w.inside(y), 1}});
          else
            transposed<true>(back.data(), y, turned, w, Add<T>{to, C});
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
    for (int64_t i = 0; i < w.kernel * w.kernel * C; ++i) of_depthwise[i] = found[2 * C + C * C + i];
  }
}
